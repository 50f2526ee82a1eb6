# frozen_string_literal: true

# Sidekiq: threads in one process. The same command line as the drivers in Python (see common.py).
#
# `worker` becomes Sidekiq's own command, which requires this file; the settings travel in the environment.
require "json"
require "optparse"
require "sidekiq"

BATCH = 1000
TEXT = "Dear customer, your order has left our house and should reach you on one of the next days."

if ENV["PEER_MARKS"]
  MARKS = File.open(ENV["PEER_MARKS"], File::WRONLY | File::APPEND)
  MARKS.sync = true
end

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

class Noop
  include Sidekiq::Worker

  def perform(_job) = MARKS.syswrite(".")
end

class Sleep
  include Sidekiq::Worker

  def perform(job)
    sleep(job["sleep_ms"] / 1000.0)
    MARKS.syswrite(".")
  end
end

class Latency
  include Sidekiq::Worker

  def perform(job)
    started = now
    MARKS.syswrite("#{started - job['sent']}\n")
  end
end

JOBS = { "noop" => Noop, "sleep" => Sleep, "latency" => Latency }.freeze

def payload(number, options)
  {
    "number" => 1_000_000 + number, "sent" => now, "sleep_ms" => options[:"sleep-ms"],
    "address" => "somebody@example.org", "text" => TEXT
  }
end

def produce(options)
  Sidekiq.configure_client { |config| config.redis = { url: options[:url] } }
  Sidekiq.redis(&:ping)
  kind = JOBS.fetch(options[:job])
  count = options[:count]
  target = { "class" => kind, "queue" => options[:queue] }
  start = now
  if options[:bulk]
    (0...count).each_slice(BATCH) do |numbers|
      Sidekiq::Client.push_bulk(target.merge("args" => numbers.map { |number| [payload(number, options)] }))
    end
  else
    count.times do |number|
      Sidekiq::Client.push(target.merge("args" => [payload(number, options)]))
      sleep(options[:"gap-ms"] / 1000 * rand(0.5..1.5)) if options[:"gap-ms"].positive?
    end
  end
  puts JSON.generate(jobs: count, seconds: (now - start) / 1e9)
end

def work(options)
  ENV["PEER_URL"] = options[:url]
  exec("sidekiq", "--require", File.expand_path(__FILE__), "--queue", options[:queue],
       "--concurrency", options[:concurrency].to_s)
end

def parse(words)
  options = { job: "noop", "sleep-ms": 0, "gap-ms": 0.0 }
  OptionParser.new do |parser|
    parser.on("--url URL")
    parser.on("--queue NAME")
    parser.on("--job KIND", JOBS.keys)
    parser.on("--count N", Integer)
    parser.on("--bulk")
    parser.on("--sleep-ms N", Integer)
    parser.on("--gap-ms N", Float)
    parser.on("--concurrency N", Integer)
  end.parse!(words, into: options)
  options
end

if $PROGRAM_NAME == __FILE__
  command = ARGV.shift
  options = parse(ARGV)
  case command
  when "about"
    puts JSON.generate(runtime: "Ruby #{RUBY_VERSION}", sidekiq: Sidekiq::VERSION, "redis-rb": Redis::VERSION)
  when "producer" then produce(options)
  when "worker" then work(options)
  else abort("usage: sidekiq_peer.rb about|producer|worker …")
  end
else
  Sidekiq.logger.level = Logger::WARN # two lines of log for each job would be part of the figure
  Sidekiq.configure_server { |config| config.redis = { url: ENV.fetch("PEER_URL") } }
end
