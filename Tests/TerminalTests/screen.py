"""Prints what the terminal emulator pyte shows after some bytes: screen.py FILE COLUMNS ROWS"""
import sys

import pyte

screen = pyte.Screen(int(sys.argv[2]), int(sys.argv[3]))
stream = pyte.ByteStream(screen)
with open(sys.argv[1], "rb") as file:
    stream.feed(file.read())
for row in screen.display:
    print(row.rstrip(" "))
