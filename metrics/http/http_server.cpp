#include "metrics/http/http_server.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <microhttpd.h>
#include <netinet/in.h>

namespace octroi {
namespace {

// From one address more than any crowd of stuck scrapers leaves behind: another one still gets in.
constexpr unsigned max_connections = 256;
constexpr unsigned max_connections_per_address = 128;
constexpr unsigned connection_timeout_seconds = 10;
constexpr std::size_t connection_memory = 16UL * 1024;

using Field = std::pair<const char*, const char*>;

constexpr std::array<Field, 5> fields_of_all = {
    {{"X-Content-Type-Options", "nosniff"},
     {"Referrer-Policy", "no-referrer"},
     {"Cross-Origin-Resource-Policy", "same-origin"},
     {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
     {"Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
      "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}}};

MHD_Result send(MHD_Connection* connection, const HttpResponse& response) {
    // libmicrohttpd copies the body (MHD_RESPMEM_MUST_COPY) although its parameter is not const.
    MHD_Response* reply = MHD_create_response_from_buffer(
        response.body.size(), const_cast<char*>(response.body.data()), MHD_RESPMEM_MUST_COPY);
    if (reply == nullptr)
        return MHD_NO;
    bool complete = true;
    const auto add = [&](const char* name, const char* value) {
        complete = MHD_add_response_header(reply, name, value) == MHD_YES && complete;
    };
    add(MHD_HTTP_HEADER_CONTENT_TYPE, response.media_type.c_str());
    for (const auto& [name, value] : fields_of_all)
        add(name, value);
    if (response.status == MHD_HTTP_UNAUTHORIZED)
        add(MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (response.status == MHD_HTTP_METHOD_NOT_ALLOWED)
        add(MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    // A page without its security policy is none: without memory the connection is closed.
    const MHD_Result result =
        complete ? MHD_queue_response(connection, response.status, reply) : MHD_NO;
    MHD_destroy_response(reply);
    return result;
}

std::string_view field(MHD_Connection* connection, const char* name) {
    const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value == nullptr ? std::string_view() : value;
}

// libmicrohttpd fixes this signature.
// NOLINTNEXTLINE(readability-function-size)
MHD_Result answer(void* context, MHD_Connection* connection, const char* path, const char* method,
                  const char* /*version*/, const char* /*upload*/,
                  std::size_t* upload_size,  // NOLINT(readability-non-const-parameter)
                  void** /*state*/) {
    const std::string_view verb(method);
    if (*upload_size != 0)
        return MHD_NO;
    if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD)
        return send(connection,
                    {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .body = "only GET and HEAD\n"});
    try {
        return send(connection,
                    (*static_cast<HttpServer::Handler*>(context))(
                        {.path = path,
                         .host = field(connection, MHD_HTTP_HEADER_HOST),
                         .authorization = field(connection, MHD_HTTP_HEADER_AUTHORIZATION)}));
    } catch (const std::bad_alloc&) {
        return MHD_NO;  // closes the connection; the next scrape may fare better
    }
}

// An address and a port as the socket calls take them.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

std::expected<SocketAddress, std::string> socket_address(const std::string& address,
                                                         std::uint16_t port) {
    SocketAddress result;
    sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        std::memcpy(&result.storage, &v4, sizeof v4);
        result.length = sizeof v4;
    } else if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
        std::memcpy(&result.storage, &v6, sizeof v6);
        result.length = sizeof v6;
    } else {
        return std::unexpected(fmt::format("`{}` is not an IPv4 or IPv6 address", address));
    }
    return result;
}

}  // namespace

std::expected<HttpServer, std::string> HttpServer::open(const std::string& address,
                                                        std::uint16_t port, Handler handler) {
    auto where = socket_address(address, port);
    if (!where)
        return std::unexpected(std::move(where.error()));
    auto kept = std::make_unique<Handler>(std::move(handler));
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD;
    if (where->storage.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    errno = 0;
    MHD_Daemon* daemon = MHD_start_daemon(
        flags, port, nullptr, nullptr, &answer, kept.get(),                        //
        MHD_OPTION_SOCK_ADDR, reinterpret_cast<const sockaddr*>(&where->storage),  //
        MHD_OPTION_CONNECTION_LIMIT, max_connections,                              //
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, max_connections_per_address,           //
        MHD_OPTION_CONNECTION_TIMEOUT, connection_timeout_seconds,                 //
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,                     //
        MHD_OPTION_END);
    if (daemon == nullptr)
        return std::unexpected(fmt::format("can't listen on {} port {}: {}", address, port,
                                           std::generic_category().message(errno)));
    return HttpServer(std::move(kept), daemon);
}

HttpServer::HttpServer(std::unique_ptr<Handler> handler, MHD_Daemon* daemon)
    : handler_(std::move(handler)), daemon_(daemon) {}

HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

void HttpServer::Stop::operator()(MHD_Daemon* daemon) const {
    MHD_stop_daemon(daemon);
}

}  // namespace octroi
