/// Files to start from, made of the settings themselves so that they cannot be out of date.
enum SettingsExample {
    /// A configuration file in which everything is as if it were not there.
    static var file: String {
        var lines = [
            "# Configuration of queue-worker. It is read from --config FILE, else QUEUE_CONFIG, else queue.yaml in the folder",
            "# where the command runs. What stands here in comments is the default. Options and variables of the environment",
            "# come first; `queue-worker config show` says what holds, `queue-worker config check` what is wrong.",
        ]
        var section = ""
        for setting in Settings.all {
            let parts = setting.key.split(separator: ".", maxSplits: 1).map(String.init)
            if parts[0] != section {
                section = parts[0]
                lines += ["", "\(section):"]
            } else {
                lines.append("")
            }
            lines.append("  # \(setting.help)")
            if setting.isSecret {
                lines.append("  # With a password in it, better in \(setting.variable) or a secret file.")
            }
            lines.append("  # \(parts[1]): \(setting.fallback)")
        }
        return (lines + handlers).joined(separator: "\n")
    }

    /// The same as variables.
    static var environment: String {
        let lines = Settings.all.map { "# \($0.help)\n# \($0.variable)=\($0.fallback)" }
        let head = "# Variables of queue-worker, for --env-file or a shell. In comments: the defaults."
        return ([head] + lines).joined(separator: "\n\n")
    }

    private static let handlers = [
        "", "# Executables that run jobs, by job name: Docs/exec.md is the contract.", "handlers:",
        "  # image.resize:",
        "  #   # The program and its arguments, without a shell. A text is split at its spaces.",
        "  #   exec: [/usr/local/bin/resize, --fast]",
        "  #   # Where it runs. (default: where the worker does)",
        "  #   directory: /srv/images",
        "  #   # Variables it gets, and names of the worker's own that it gets as well.",
        "  #   environment:", "  #     QUALITY: high", "  #   inherit: [AWS_REGION]",
        "  #   # What it reads: payload, or job for everything known of the run.", "  #   input: payload",
        "  #   # How long it may go on after TERM, and when a job comes back that it put off.",
        "  #   grace: 5s", "  #   pause: 30s", "  #   max_result_bytes: 256KiB", "  #   max_log_bytes: 1MiB",
        "  #   # Of each of its processes. (default: no limit of ours)",
        "  #   max_memory_bytes: 512MiB", "  #   max_cpu_time: 60s", "",
        "# Settings of your own handlers, for programs that link the kit: they read them with swift-configuration.",
        "app:",
        "  # mail_from: jobs@example.org",
    ]
}
