// Load for generateParticipantTokenPublic: one thread, epoll, keep-alive connections to 127.0.0.1.
//
//   load --port 8080 --requests FILE --connections 64 --seconds 6 [--count N] [--rate R] [--skip N] [--lines N]
//        [--repeat] [--tokens FILE] [--log FILE] [--timeout S] [--reconnect] [--within MS] [--seed N]
//        [--tls] [--window S]
//
// FILE has a line "user TAB meeting TAB bearer token" for each request. --skip and --lines choose a part of it,
// --repeat starts over at its end; otherwise the end of the part ends the run. SIGTERM stops sending.
//
// Closed loop: every connection sends its next request when the response to the last one has arrived.
//
// Open loop (--rate): arrivals are random (exponential gaps, from --seed) and do not depend on the responses; a request
// that finds no idle connection waits, and its latency counts from the moment it was due, so a stall of the server is
// visible in the latencies.
//
// Sending stops after --seconds or --count requests; requests in flight are waited for, up to --timeout. Only a
// response of status 200 with a token counts as one. Every token received goes to --tokens, one a line. With --reconnect
// lost connections are counted and opened again, for runs in which the server is killed; without it the first one ends
// the run. The exit code is 0 when every request got a token, or with --reconnect.
//
// --log writes a line for every request, in the order of their ends, with spaces between the fields: when it was due,
// when it was sent and when it ended (microseconds of CLOCK_MONOTONIC; 0 when it never ended); the status, or what
// happened instead (closed, timeout, malformed, unanswered); its line in FILE, counted from 0; what Retry-After said, or -;
// the token, or -.
//
// "within" of the summary counts the tokens that arrived within --within milliseconds (250), "unsent" the requests of an
// open loop that were due and found no idle connection to the end.
//
// --window prints a line of JSON for every S seconds when they are over, before the summary: how much was sent and
// arrived in them, and the latencies of what arrived. The last one has what arrived after the end, too.
//
// Memory does not grow with the number of requests.
//
// --tls speaks TLS and accepts every certificate. Handshakes are over before the first request is sent.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ull
#define MILLISECOND 1000000ull
#define RECONNECT_PAUSE (20 * MILLISECOND)
#define MAXIMUM_CONNECTIONS 4096
#define REQUEST_LIMIT 16384
#define RESPONSE_LIMIT 65536
// A longer latency, in microseconds, is counted as this one; it is known exactly only when it is the longest.
#define LATENCY_LIMIT (1u << 26)

struct text {
    const char *bytes;
    size_t length;
};

struct line {
    struct text meeting;
    struct text bearer;
};

enum state { DOWN, CONNECTING, IDLE, BUSY };

struct connection {
    int fd;
    SSL *tls; // NULL without TLS
    enum state state;
    uint64_t due;      // when the request under way should have been sent
    uint64_t began;    // when it, or the attempt to connect, was begun
    uint64_t retry_at; // when a connection that is down is made again
    size_t line;       // of the request under way
    size_t request_length, request_sent, response_length;
    char request[REQUEST_LIMIT];
    char response[RESPONSE_LIMIT];
};

static struct {
    int port;
    const char *requests;
    int connections;
    double seconds;
    uint64_t count;
    double rate;
    size_t skip, lines;
    bool repeat;
    const char *tokens, *log;
    uint64_t seed;
    double timeout;
    bool reconnect, tls;
    double within, window;
} options = {.connections = 64, .seconds = 5, .count = UINT64_MAX, .lines = SIZE_MAX, .timeout = 10, .within = 250,
           .seed = 1};

static struct line *lines;
static size_t line_count;

static SSL_CTX *tls_context;
static struct connection *connections;
static int epoll_fd;
// Idle connections, the one that has been idle longest first.
static struct connection *idle[MAXIMUM_CONNECTIONS];
static size_t idle_first, idle_count;

static uint64_t started, deadline, next_arrival, last_answer;
static bool stopped, exhausted;
static uint64_t sent, unsent, answered, busy_count;
static uint64_t statuses[600];
static uint64_t failed_connects, closed_under_way, timed_out, malformed;
// How many responses had each latency, in microseconds. Only the memory of those that occur is touched.
struct latencies {
    uint32_t *counts;
    uint64_t total;
    uint32_t longest;
};
static struct latencies of_all, of_window;
static uint64_t window_number, window_count, window_end, sent_before_window;
static uint32_t *per_second;
static size_t per_second_count;
static FILE *token_file, *log_file;
static volatile sig_atomic_t asked_to_stop;

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void ask_to_stop(int number) {
    (void)number;
    asked_to_stop = 1;
}

// --- Requests

static void read_lines(void) {
    int fd = open(options.requests, O_RDONLY);
    struct stat file;
    if (fd < 0 || fstat(fd, &file) < 0) die(options.requests);
    const char *bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED) die(options.requests);
    close(fd);

    size_t capacity = 0, number = 0;
    const char *end = bytes + file.st_size;
    for (const char *at = bytes; at < end && line_count < options.lines; number++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        const char *user_end = line_end ? memchr(at, '\t', (size_t)(line_end - at)) : NULL;
        const char *meeting = user_end ? user_end + 1 : NULL;
        const char *meeting_end = meeting ? memchr(meeting, '\t', (size_t)(line_end - meeting)) : NULL;
        if (!meeting_end || line_end - at > REQUEST_LIMIT - 1024) {
            fprintf(stderr, "load: %s: line %zu is not: user TAB meeting TAB token\n", options.requests, number + 1);
            exit(1);
        }
        at = line_end + 1;
        if (number < options.skip) continue;
        if (line_count == capacity) {
            capacity = capacity ? 2 * capacity : 65536;
            lines = realloc(lines, capacity * sizeof *lines);
            if (!lines) die("memory");
        }
        lines[line_count++] = (struct line){
            {meeting, (size_t)(meeting_end - meeting)},
            {meeting_end + 1, (size_t)(line_end - meeting_end - 1)},
        };
    }
    if (line_count == 0) {
        fprintf(stderr, "load: %s has no line %zu\n", options.requests, options.skip + 1);
        exit(1);
    }
}

static char *append(char *at, const char *bytes, size_t length) {
    memcpy(at, bytes, length);
    return at + length;
}
#define APPEND_LITERAL(at, literal) append(at, literal, sizeof literal - 1)

static void write_request(struct connection *connection, const struct line *line) {
    static char head[512];
    static size_t head_length;
    if (!head_length) {
        head_length = (size_t)snprintf(
            head, sizeof head,
            "POST /api/run/meetings/stream/index/generateParticipantTokenPublic HTTP/1.1\r\n"
            "Host: 127.0.0.1:%d\r\n"
            "User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/141.0.0.0 Safari/537.36\r\n"
            "Accept: */*\r\n"
            "Content-Type: application/json\r\n",
            options.port);
    }
    static const char before_meeting[] = "{\"args\":{\"meetingId\":\"";
    static const char after_meeting[] = "\",\"role\":\"participant\"}}";
    size_t body_length = sizeof before_meeting - 1 + line->meeting.length + sizeof after_meeting - 1;
    char *at = append(connection->request, head, head_length);
    at += sprintf(at, "Content-Length: %zu\r\nAuthorization: Bearer ", body_length);
    at = append(at, line->bearer.bytes, line->bearer.length);
    at = APPEND_LITERAL(at, "\r\n\r\n");
    at = APPEND_LITERAL(at, before_meeting);
    at = append(at, line->meeting.bytes, line->meeting.length);
    at = APPEND_LITERAL(at, after_meeting);
    connection->request_length = (size_t)(at - connection->request);
    connection->request_sent = 0;
    connection->response_length = 0;
}

// What became of the request under way.
static void log_request(const struct connection *connection, uint64_t ended, const char *outcome, struct text retry_after,
                        struct text token) {
    if (!log_file) return;
    fprintf(log_file, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s %zu %.*s %.*s\n", connection->due / 1000, connection->began / 1000,
            ended / 1000, outcome, connection->line, (int)retry_after.length, retry_after.bytes, (int)token.length,
            token.bytes);
}

static const struct text nothing = {"-", 1};

// --- Connections

static void watch(struct connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll_fd, operation, connection->fd, &event) < 0) die("epoll_ctl");
}

static void take_down(struct connection *connection) {
    if (connection->state == BUSY) busy_count--;
    if (connection->state == IDLE) {
        // Rare, and there are few.
        size_t kept = 0;
        for (size_t index = 0; index < idle_count; index++) {
            struct connection *other = idle[(idle_first + index) % MAXIMUM_CONNECTIONS];
            if (other != connection) idle[(idle_first + kept++) % MAXIMUM_CONNECTIONS] = other;
        }
        idle_count = kept;
    }
    SSL_free(connection->tls);
    connection->tls = NULL;
    close(connection->fd);
    connection->fd = -1;
    connection->state = DOWN;
    connection->retry_at = now() + RECONNECT_PAUSE;
}

// A connection broke: `counter` says how.
static void fail(struct connection *connection, uint64_t *counter) {
    if (connection->state == BUSY) {
        const char *outcome = counter == &timed_out ? "timeout" : counter == &malformed ? "malformed" : "closed";
        log_request(connection, now(), outcome, nothing, nothing);
    }
    if (++*counter == 1 && !options.reconnect) fprintf(stderr, "load: a connection failed: %s\n", strerror(errno));
    take_down(connection);
    if (!options.reconnect) stopped = true;
}

static void rest(struct connection *connection) {
    connection->state = IDLE;
    idle[(idle_first + idle_count++) % MAXIMUM_CONNECTIONS] = connection;
}

static void begin_connecting(struct connection *connection) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)options.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) die("socket");
    int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->state = CONNECTING;
    connection->began = now();
    int code = connect(connection->fd, (struct sockaddr *)&address, sizeof address);
    watch(connection, EPOLL_CTL_ADD, EPOLLOUT);
    if (code < 0 && errno != EINPROGRESS) fail(connection, &failed_connects);
}

// What a call of OpenSSL came to, as that of a socket: -1 and EAGAIN when it has to be repeated.
static ssize_t tls_result(const struct connection *connection, int result) {
    if (result > 0) return result;
    int error = SSL_get_error(connection->tls, result);
    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) errno = EAGAIN;
    else if (error != SSL_ERROR_SYSCALL || errno == 0) errno = EPROTO;
    return -1;
}

// Goes on with the handshake; false when it is not over.
static bool shake_hands(struct connection *connection) {
    if (!connection->tls) {
        connection->tls = SSL_new(tls_context);
        if (!connection->tls || !SSL_set_fd(connection->tls, connection->fd)) die("TLS");
    }
    if (tls_result(connection, SSL_connect(connection->tls)) > 0) return true;
    if (errno == EAGAIN) {
        watch(connection, EPOLL_CTL_MOD, SSL_want_write(connection->tls) ? EPOLLOUT : EPOLLIN);
    } else {
        fail(connection, &failed_connects);
    }
    return false;
}

static void finish_connecting(struct connection *connection) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) {
        errno = error;
        return fail(connection, &failed_connects);
    }
    if (options.tls && !shake_hands(connection)) return;
    watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    rest(connection);
}

// --- Sending

static void write_more(struct connection *connection) {
    const char *rest_of_it = connection->request + connection->request_sent;
    size_t length = connection->request_length - connection->request_sent;
    ssize_t written = connection->tls ? tls_result(connection, SSL_write(connection->tls, rest_of_it, (int)length))
                                      : send(connection->fd, rest_of_it, length, MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN) return fail(connection, &closed_under_way);
    if (written > 0) connection->request_sent += (size_t)written;
    if (connection->request_sent < connection->request_length) {
        watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
}

// The gap to the next arrival: exponential, from a generator with a fixed seed.
static uint64_t gap(void) {
    static uint64_t state;
    if (!state) state = 0x9E3779B97F4A7C15ull * options.seed;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    double uniform = ((double)(state >> 11) + 1) / 9007199254740993.0;
    return (uint64_t)(-log(uniform) / options.rate * (double)SECOND);
}

// Sends what is due, as far as there are idle connections.
static void dispatch(void) {
    uint64_t time = now();
    if (asked_to_stop && !stopped) {
        stopped = true;
        deadline = time < deadline ? time : deadline;
    }
    while (!stopped) {
        uint64_t due = options.rate > 0 ? next_arrival : time;
        if (due >= deadline || sent == options.count) {
            stopped = true;
            break;
        }
        if (!options.repeat && sent == line_count) {
            stopped = exhausted = true;
            break;
        }
        if (due > time || idle_count == 0) break;
        struct connection *connection = idle[idle_first];
        idle_first = (idle_first + 1) % MAXIMUM_CONNECTIONS;
        idle_count--;
        connection->line = options.skip + sent % line_count;
        write_request(connection, &lines[sent++ % line_count]);
        if (options.rate > 0) next_arrival += gap();
        connection->state = BUSY;
        connection->due = due;
        connection->began = time;
        busy_count++;
        write_more(connection);
    }
}

// --- Responses

static void make(struct latencies *latencies) {
    latencies->counts = calloc(LATENCY_LIMIT + 1, sizeof *latencies->counts);
    if (!latencies->counts) die("memory");
}

static void add(struct latencies *latencies, uint32_t microseconds) {
    latencies->counts[microseconds < LATENCY_LIMIT ? microseconds : LATENCY_LIMIT]++;
    latencies->total++;
    if (microseconds > latencies->longest) latencies->longest = microseconds;
}

static void clear(struct latencies *latencies) {
    uint32_t last = latencies->longest < LATENCY_LIMIT ? latencies->longest : LATENCY_LIMIT;
    memset(latencies->counts, 0, (last + 1) * sizeof *latencies->counts);
    latencies->total = latencies->longest = 0;
}

// How many latencies are not above the limit.
static uint64_t count_within(const struct latencies *latencies, double milliseconds) {
    uint64_t count = 0;
    for (uint32_t at = 0; at <= latencies->longest && at <= LATENCY_LIMIT && at <= milliseconds * 1000; at++) {
        count += latencies->counts[at];
    }
    return count;
}

// The latency that this part of the responses did not exceed (nearest rank), in milliseconds.
static double percentile(const struct latencies *latencies, double part) {
    uint64_t rank = (uint64_t)ceil(part * (double)latencies->total), count = 0;
    for (uint32_t at = 0; at < latencies->longest && at < LATENCY_LIMIT; at++) {
        count += latencies->counts[at];
        if (count > 0 && count >= rank) return at / 1000.0;
    }
    return latencies->longest / 1000.0;
}

static void print_window(void) {
    printf("{\"window\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"tokens\":%" PRIu64 ",", window_number,
           sent - sent_before_window, of_window.total);
    printf("\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}\n", percentile(&of_window, 0.5), percentile(&of_window, 0.99),
           percentile(&of_window, 1));
    fflush(stdout);
    clear(&of_window);
    sent_before_window = sent;
    window_number++;
}

// Prints the windows that are over, except the last one.
static void close_windows(uint64_t time) {
    while (window_number + 1 < window_count && time >= window_end) {
        print_window();
        window_end += (uint64_t)(options.window * (double)SECOND);
    }
}

static void note_latency(uint64_t time, uint64_t due) {
    uint64_t microseconds = (time - due) / 1000;
    uint32_t latency = microseconds < UINT32_MAX ? (uint32_t)microseconds : UINT32_MAX;
    answered++;
    add(&of_all, latency);
    close_windows(time);
    if (options.window > 0) add(&of_window, latency);
    last_answer = time;
    size_t second = (size_t)((time - started) / SECOND);
    if (second >= per_second_count) {
        per_second = realloc(per_second, (second + 1) * sizeof *per_second);
        if (!per_second) die("memory");
        while (per_second_count <= second) per_second[per_second_count++] = 0;
    }
    per_second[second]++;
}

struct head {
    ssize_t content_length; // -1 when the head does not say
    bool closes;
    struct text retry_after;
};

// The head is complete up to `body`.
static struct head read_head(const char *bytes, const char *body) {
    struct head head = {.content_length = -1, .retry_after = nothing};
    for (const char *at = bytes; at < body; at = (const char *)memchr(at, '\n', (size_t)(body - at)) + 1) {
        if (strncasecmp(at, "content-length:", 15) == 0) head.content_length = strtol(at + 15, NULL, 10);
        if (strncasecmp(at, "connection: close", 17) == 0) head.closes = true;
        if (strncasecmp(at, "retry-after: ", 13) == 0) head.retry_after = (struct text){at + 13, strcspn(at + 13, " \r\n")};
    }
    return head;
}

// The token of a response; of length 0 when it has none.
static struct text find_token(const char *body, size_t length) {
    static const char key[] = "\"token\":\"";
    const char *token = memmem(body, length, key, sizeof key - 1);
    if (!token) return (struct text){body, 0};
    token += sizeof key - 1;
    const char *end = memchr(token, '"', (size_t)(body + length - token));
    return (struct text){token, end ? (size_t)(end - token) : 0};
}

// The received bytes may be a complete response.
static void check_response(struct connection *connection) {
    char *bytes = connection->response;
    size_t length = connection->response_length;
    char *body = memmem(bytes, length, "\r\n\r\n", 4);
    if (!body) return;
    body += 4;
    size_t head_length = (size_t)(body - bytes);
    int status = strncmp(bytes, "HTTP/1.1 ", 9) == 0 ? atoi(bytes + 9) : 0;
    struct head head = read_head(bytes, body);
    ssize_t announced = head.content_length;
    if (status < 100 || status > 599 || announced < 0 || head_length + (size_t)announced > RESPONSE_LIMIT) {
        errno = EPROTO;
        return fail(connection, &malformed);
    }
    if (length < head_length + (size_t)announced) return;
    if (length > head_length + (size_t)announced) {
        errno = EPROTO;
        return fail(connection, &malformed);
    }

    statuses[status]++;
    uint64_t time = now();
    struct text token = status == 200 ? find_token(body, (size_t)announced) : (struct text){body, 0};
    if (token.length > 0) {
        note_latency(time, connection->due);
        if (token_file) fprintf(token_file, "%.*s\n", (int)token.length, token.bytes);
    } else {
        static bool shown;
        if (!shown) fprintf(stderr, "load: a response without a token: %d %.*s\n", status, (int)announced, body);
        shown = true;
    }
    if (log_file) {
        char outcome[12];
        snprintf(outcome, sizeof outcome, "%d", status);
        log_request(connection, time, outcome, head.retry_after, token.length > 0 ? token : nothing);
    }
    if (head.closes) return take_down(connection);
    busy_count--;
    rest(connection);
}

static void receive(struct connection *connection) {
    char *at = connection->response + connection->response_length;
    size_t room = RESPONSE_LIMIT - connection->response_length;
    ssize_t length = connection->tls ? tls_result(connection, SSL_read(connection->tls, at, (int)room))
                                     : recv(connection->fd, at, room, 0);
    if (length < 0 && errno == EAGAIN) return;
    if (connection->state == IDLE) return take_down(connection);
    if (length == 0) errno = ECONNRESET;
    if (length <= 0) return fail(connection, &closed_under_way);
    connection->response_length += (size_t)length;
    check_response(connection);
}

// --- The run

static void handle(struct connection *connection, uint32_t events) {
    if (connection->state == CONNECTING) return finish_connecting(connection);
    if (events & EPOLLOUT && connection->state == BUSY) {
        watch(connection, EPOLL_CTL_MOD, EPOLLIN);
        write_more(connection);
    }
    if (events & ~EPOLLOUT && connection->state >= IDLE) {
        // What OpenSSL has already read raises no event.
        do receive(connection);
        while (connection->tls && SSL_pending(connection->tls) > 0);
    }
}

static void sweep(void) {
    uint64_t time = now(), patience = (uint64_t)(options.timeout * (double)SECOND);
    for (int index = 0; index < options.connections; index++) {
        struct connection *connection = &connections[index];
        bool waits = connection->state == BUSY || connection->state == CONNECTING;
        if (waits && time - connection->began > patience) {
            errno = ETIMEDOUT;
            fail(connection, connection->state == BUSY ? &timed_out : &failed_connects);
        } else if (connection->state == DOWN && !stopped && time >= connection->retry_at) {
            begin_connecting(connection);
        }
    }
}

static void wait_for_events(uint64_t until) {
    struct epoll_event events[256];
    uint64_t time = now(), pause = until > time ? until - time : 0;
    struct timespec timeout = {(time_t)(pause / SECOND), (long)(pause % SECOND)};
    int count = epoll_pwait2(epoll_fd, events, 256, &timeout, NULL);
    if (count < 0 && errno != EINTR) die("epoll_pwait2");
    for (int index = 0; index < count; index++) handle(events[index].data.ptr, events[index].events);
}

static void connect_all(void) {
    uint64_t limit = now() + 5 * SECOND;
    for (int index = 0; index < options.connections; index++) {
        begin_connecting(&connections[index]);
        // One after the other, a moment apart: servers of several processes that share a socket get an equal part.
        uint64_t until = now() + 2 * MILLISECOND;
        while (now() < until && !stopped) wait_for_events(until);
    }
    while (idle_count < (size_t)options.connections && now() < limit && !stopped) {
        wait_for_events(now() + 20 * MILLISECOND);
    }
    if (!options.reconnect && idle_count < (size_t)options.connections) {
        fprintf(stderr, "load: only %zu of %d connections could be made\n", idle_count, options.connections);
        exit(1);
    }
}

static void run(void) {
    started = last_answer = now();
    deadline = started + (uint64_t)(options.seconds * (double)SECOND);
    next_arrival = started;
    if (options.window > 0) {
        window_count = (uint64_t)ceil(options.seconds / options.window);
        window_end = started + (uint64_t)(options.window * (double)SECOND);
    }
    uint64_t end = deadline + (uint64_t)(options.timeout * (double)SECOND), next_sweep = started;
    if (options.rate > 0) next_arrival += gap();
    while (true) {
        dispatch();
        uint64_t time = now();
        if ((stopped && busy_count == 0) || time > end) break;
        if (time >= next_sweep) {
            sweep();
            close_windows(time);
            next_sweep = time + 10 * MILLISECOND;
        }
        bool waits_for_arrival = options.rate > 0 && !stopped && idle_count > 0 && next_arrival < next_sweep;
        wait_for_events(waits_for_arrival ? next_arrival : next_sweep);
    }
    if (options.window > 0) print_window();
    for (int index = 0; index < options.connections; index++) {
        if (connections[index].state == BUSY) log_request(&connections[index], 0, "unanswered", nothing, nothing);
    }
    if (options.rate > 0 && !exhausted) {
        for (; next_arrival < deadline && sent + unsent < options.count; next_arrival += gap()) unsent++;
    }
}

// --- The summary

static double microseconds(struct timeval time) {
    return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

static void summarize(double cpu) {
    double seconds = (double)(last_answer - started) / (double)SECOND;
    printf("{\"connections\":%d,\"rate\":%g,\"seconds\":%.4f,\"sent\":%" PRIu64 ",\"tokens\":%" PRIu64 ",\"rps\":%.1f,",
           options.connections, options.rate, seconds, sent, answered, seconds > 0 ? (double)answered / seconds : 0);
    printf("\"latency_ms\":{\"min\":%.3f,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f},",
           percentile(&of_all, 0), percentile(&of_all, 0.5), percentile(&of_all, 0.9), percentile(&of_all, 0.99),
           percentile(&of_all, 0.999), percentile(&of_all, 1));
    printf("\"within\":%" PRIu64 ",\"unsent\":%" PRIu64 ",", count_within(&of_all, options.within), unsent);
    printf("\"statuses\":{");
    const char *separator = "";
    for (int status = 100; status < 600; status++) {
        if (!statuses[status]) continue;
        printf("%s\"%d\":%" PRIu64, separator, status, statuses[status]);
        separator = ",";
    }
    printf("},\"failures\":{\"connect\":%" PRIu64 ",\"closed\":%" PRIu64 ",\"timeout\":%" PRIu64
           ",\"malformed\":%" PRIu64 ",\"unanswered\":%" PRIu64 "},",
           failed_connects, closed_under_way, timed_out, malformed, busy_count);
    printf("\"exhausted\":%s,\"load_cpu_us\":%.2f,\"per_second\":[", exhausted ? "true" : "false",
           answered > 0 ? cpu / (double)answered : 0);
    for (size_t second = 0; second < per_second_count; second++) {
        printf("%s%" PRIu32, second > 0 ? "," : "", per_second[second]);
    }
    printf("]}\n");
}

static void read_options(int count, char **arguments) {
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},
        {"requests", required_argument, NULL, 'q'},
        {"connections", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'},
        {"count", required_argument, NULL, 'n'},
        {"rate", required_argument, NULL, 'r'},
        {"skip", required_argument, NULL, 'k'},
        {"lines", required_argument, NULL, 'l'},
        {"repeat", no_argument, NULL, 'e'},
        {"tokens", required_argument, NULL, 't'},
        {"timeout", required_argument, NULL, 'o'},
        {"reconnect", no_argument, NULL, 'a'},
        {"tls", no_argument, NULL, 'T'},
        {"within", required_argument, NULL, 'w'},
        {"log", required_argument, NULL, 'g'},
        {"seed", required_argument, NULL, 'd'},
        {"window", required_argument, NULL, 'W'},
        {0},
    };
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        switch (option) {
        case 'p': options.port = atoi(optarg); break;
        case 'q': options.requests = optarg; break;
        case 'c': options.connections = atoi(optarg); break;
        case 's': options.seconds = atof(optarg); break;
        case 'n': options.count = strtoull(optarg, NULL, 10); break;
        case 'r': options.rate = atof(optarg); break;
        case 'k': options.skip = strtoull(optarg, NULL, 10); break;
        case 'l': options.lines = strtoull(optarg, NULL, 10); break;
        case 'e': options.repeat = true; break;
        case 't': options.tokens = optarg; break;
        case 'o': options.timeout = atof(optarg); break;
        case 'a': options.reconnect = true; break;
        case 'T': options.tls = true; break;
        case 'w': options.within = atof(optarg); break;
        case 'g': options.log = optarg; break;
        case 'd': options.seed = strtoull(optarg, NULL, 10); break;
        case 'W': options.window = atof(optarg); break;
        default: exit(64);
        }
    }
    bool fits = options.port > 0 && options.port < 65536 && options.requests && options.connections > 0 &&
                options.connections <= MAXIMUM_CONNECTIONS && options.seconds > 0 && options.seconds <= 7200 &&
                options.rate >= 0 && options.timeout > 0 && options.within > 0 && options.seed > 0 &&
                (options.window == 0 || options.window >= 0.1) && optind == count;
    if (!fits) {
        fprintf(stderr, "usage: load --port N --requests FILE [--connections N] [--seconds S] ...; load.c says more\n");
        exit(64);
    }
}

int main(int count, char **arguments) {
    read_options(count, arguments);
    read_lines();
    if (options.tokens && !(token_file = fopen(options.tokens, "w"))) die(options.tokens);
    if (options.log && !(log_file = fopen(options.log, "w"))) die(options.log);
    if (token_file) setvbuf(token_file, NULL, _IOFBF, 1 << 20);
    if (log_file) setvbuf(log_file, NULL, _IOFBF, 1 << 20);
    signal(SIGTERM, ask_to_stop);
    if (options.tls) {
        signal(SIGPIPE, SIG_IGN);
        if (!(tls_context = SSL_CTX_new(TLS_client_method()))) die("TLS");
        SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    make(&of_all);
    if (options.window > 0) make(&of_window);
    connections = calloc((size_t)options.connections, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!connections || epoll_fd < 0) die("start");

    connect_all();
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    run();
    getrusage(RUSAGE_SELF, &after);
    if (token_file && fclose(token_file) != 0) die(options.tokens);
    if (log_file && fclose(log_file) != 0) die(options.log);
    summarize(microseconds(after.ru_utime) - microseconds(before.ru_utime) + microseconds(after.ru_stime) -
              microseconds(before.ru_stime));
    return options.reconnect || (answered > 0 && answered == sent) ? 0 : 1;
}
