internal import Glibc

/// What the kernel knows of this process (proc_pid_stat(5), getrusage(2)). Nil where `/proc` is not mounted.
enum ProcessFigures {
    /// User and system time.
    static var cpuSeconds: Double? {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return nil }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// In bytes.
    static var memory: (virtual: Double, resident: Double)? {
        guard let pages = firstLine(of: "/proc/self/statm")?.split(separator: " "), pages.count >= 2,
            let virtual = Double(pages[0]), let resident = Double(pages[1])
        else { return nil }
        let size = Double(sysconf(Int32(_SC_PAGESIZE)))
        return (virtual * size, resident * size)
    }

    static var openFiles: Double? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        // The names . and .., and the descriptor that reads the folder, do not count.
        var count = -3.0
        while readdir(folder) != nil { count += 1 }
        return count
    }

    static var fileLimit: Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }

    static var threads: Double? { statistics?.threads }

    /// In seconds since the epoch.
    static var startTime: Double? {
        guard let started = statistics?.started else { return nil }
        var now = timespec()
        var sinceBoot = timespec()
        guard clock_gettime(CLOCK_REALTIME, &now) == 0, clock_gettime(CLOCK_BOOTTIME, &sinceBoot) == 0 else {
            return nil
        }
        func seconds(_ time: timespec) -> Double { Double(time.tv_sec) + Double(time.tv_nsec) / 1e9 }
        return seconds(now) - seconds(sinceBoot) + started / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Fields 20 and 22 of `/proc/self/stat`. They are counted behind the name of the program, which may hold spaces.
    private static var statistics: (threads: Double, started: Double)? {
        guard let line = firstLine(of: "/proc/self/stat"), let end = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: end)...].split(separator: " ")
        guard fields.count >= 20, let threads = Double(fields[17]), let started = Double(fields[19]) else { return nil }
        return (threads, started)
    }

    private static func firstLine(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 1024) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
