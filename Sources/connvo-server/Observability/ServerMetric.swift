internal import Prometheus

/// The metrics that `/metrics` has, each declared once: the table in docs/metrics.md is written from these.
///
/// HTTP's and the process's names are those of OpenTelemetry's semantic conventions and of Prometheus' client libraries;
/// the rest begins with `connvo_`.
enum ServerMetric: String, CaseIterable, Sendable {
    case requestDuration = "http_server_request_duration_seconds"
    case activeRequests = "http_server_active_requests"
    case openConnections = "http_server_open_connections"
    case connectionLimit = "http_server_connection_limit"
    case tlsHandshakes = "http_server_tls_handshakes_total"
    case certificateExpiry = "http_server_tls_certificate_expiry_seconds"

    case tokensIssued = "connvo_tokens_issued_total"
    case tokensRefused = "connvo_tokens_refused_total"
    case rateLimited = "connvo_requests_rate_limited_total"
    case authenticationFailures = "connvo_authentication_failures_total"
    case rejected = "connvo_requests_rejected_total"
    case unavailable = "connvo_requests_unavailable_total"
    case failed = "connvo_requests_failed_total"

    case queueWait = "connvo_queue_wait_seconds"
    case queueLength = "connvo_queue_length"
    case batchSize = "connvo_batch_size"
    case batchDuration = "connvo_batch_duration_seconds"
    case batchesFailed = "connvo_batches_failed_total"
    case recordsFailed = "connvo_records_failed_total"
    case commitsUnknown = "connvo_commits_unknown_total"
    case commitsAbandoned = "connvo_commits_abandoned"
    case connectionsOpened = "connvo_database_connections_opened_total"
    case connectionFailures = "connvo_database_connection_failures_total"
    case connectionsLost = "connvo_database_connections_lost_total"
    case databaseConnections = "connvo_database_connections"

    case keySetReads = "connvo_key_set_reads_total"
    case keySetAge = "connvo_key_set_age_seconds"
    case keySetKeys = "connvo_key_set_keys"

    case partitionMargin = "connvo_partition_margin_seconds"
    case rollupAge = "connvo_rollup_age_seconds"
    case clockDifference = "connvo_clock_difference_seconds"

    case reloads = "connvo_reloads_total"
    case reloadSuccess = "connvo_reload_last_success_timestamp_seconds"
    case reloadSuccessful = "connvo_reload_last_attempt_successful"

    case ready = "connvo_ready"
    case logLinesDropped = "connvo_log_lines_dropped_total"
    case buildInfo = "connvo_build_info"

    case processCPU = "process_cpu_seconds_total"
    case processResidentMemory = "process_resident_memory_bytes"
    case processVirtualMemory = "process_virtual_memory_bytes"
    case processOpenFiles = "process_open_fds"
    case processFileLimit = "process_max_fds"
    case processStart = "process_start_time_seconds"
    case processThreads = "process_threads"

    var description: MetricDescription {
        let (kind, help, labels) = declaration
        return MetricDescription(rawValue, kind, help, labels: labels)
    }

    private var declaration: (MetricDescription.Kind, String, [String]) {
        let seconds = MetricDescription.Kind.histogram(bounds: MetricDescription.secondsBounds)
        return switch self {
        case .requestDuration:
            (
                seconds, "From the end of a request's head until its response was written.",
                ["http_route", "http_request_method", "http_response_status_code"]
            )
        case .activeRequests: (.gauge, "Requests whose response is not written yet.", ["listener"])
        case .openConnections: (.gauge, "Connections of clients that are open.", ["listener"])
        case .connectionLimit: (.gauge, "The most connections of clients that may be open.", ["listener"])
        case .tlsHandshakes: (.counter, "TLS handshakes, by how they ended.", ["listener", "outcome"])
        case .certificateExpiry:
            (.gauge, "When the certificate in use ends, or one of its chain, in seconds since the epoch.", ["listener"])
        case .tokensIssued: (.counter, "Tokens handed out, each with its committed record.", ["role", "tier"])
        case .tokensRefused: (.counter, "Requests refused by a rule of admission, each recorded.", ["reason"])
        case .rateLimited: (.counter, "Requests beyond the caller's quota.", [])
        case .authenticationFailures: (.counter, "Requests whose caller could not be authenticated.", ["cause"])
        case .rejected: (.counter, "Requests that were not a valid call.", ["code"])
        case .unavailable: (.counter, "Requests turned away because they could not be decided now.", ["reason"])
        case .failed: (.counter, "Requests whose record could not be written: each is a defect.", [])
        case .queueWait: (seconds, "How long a decided request waited for a connection to the database.", [])
        case .queueLength: (.gauge, "Requests that wait for a connection to the database.", [])
        case .batchSize:
            (.histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256]), "Requests decided in one transaction.", [])
        case .batchDuration: (seconds, "From the first byte sent for a batch to its acknowledged COMMIT.", [])
        case .batchesFailed: (.counter, "Batches of which nothing was recorded.", [])
        case .recordsFailed: (.counter, "Requests whose record the database refused, alone.", [])
        case .commitsUnknown:
            (.counter, "COMMITs that were sent and not acknowledged; their tokens were not handed out.", [])
        case .commitsAbandoned: (.gauge, "COMMITs that were given up and still occupy a backend.", [])
        case .connectionsOpened: (.counter, "Connections to the database that were opened for issuance.", [])
        case .connectionFailures: (.counter, "Attempts to connect to the database that failed.", [])
        case .connectionsLost: (.counter, "Connections to the database that broke or were in doubt.", [])
        case .databaseConnections: (.gauge, "Connections of the pool, by what they do.", ["state"])
        case .keySetReads: (.counter, "Reads of the key set, by how they ended.", ["outcome"])
        case .keySetAge: (.gauge, "Time since the key set was read successfully; absent before the first time.", [])
        case .keySetKeys: (.gauge, "Keys that bearer tokens can be verified with.", [])
        case .partitionMargin:
            (.gauge, "Time until the first month without a partition; below 0, records cannot be written.", [])
        case .rollupAge: (.gauge, "Time since the border of the rollups, which maintain moves.", [])
        case .clockDifference: (.gauge, "This process's clock less the database's.", [])
        case .reloads: (.counter, "Reloads of settings, by how they ended.", ["outcome"])
        case .reloadSuccess:
            (.gauge, "When settings were last read without a fault: at the start, or at a reload.", [])
        case .reloadSuccessful:
            (.gauge, "1 when the last reload of settings succeeded, or none was asked for; 0 when it failed.", [])
        case .ready: (.gauge, "1 while /readyz answers 200, otherwise 0.", [])
        case .logLinesDropped: (.counter, "Log lines that were dropped because standard error took none.", [])
        case .buildInfo: (.gauge, "Always 1; the labels say what is running.", ["version", "commit", "schema"])
        case .processCPU: (.counter, "User and system CPU time.", [])
        case .processResidentMemory: (.gauge, "Resident memory.", [])
        case .processVirtualMemory: (.gauge, "Virtual memory.", [])
        case .processOpenFiles: (.gauge, "Open file descriptors.", [])
        case .processFileLimit: (.gauge, "The most file descriptors that may be open.", [])
        case .processStart: (.gauge, "When the process started, in seconds since the epoch.", [])
        case .processThreads: (.gauge, "Threads of the process.", [])
        }
    }
}
