#include "classifiers/inspection/client_request.hpp"

#include "classifiers/clear/host.hpp"
#include "classifiers/clear/http2_request.hpp"
#include "classifiers/clear/socks.hpp"
#include "classifiers/clear/starttls.hpp"
#include "classifiers/net/tcp_stream.hpp"
#include "classifiers/tls/tls_handshake.hpp"

namespace octroi {
namespace {

using Kind = ClientRequest::Kind;

constexpr std::uint8_t most_layers = 8;

ClientRequest unreadable(Application application, Unreadable why, ParserError error) {
    return {.kind = Kind::unreadable, .application = application, .why = why, .error = error};
}

// A protocol of the start of a stream knows it, or the next one is asked.
using Answer = std::optional<ClientRequest>;

Answer read_tls(Bytes stream, std::vector<std::uint8_t>& scratch) {
    const auto message = tls::first_handshake_message(stream, scratch);
    if (message)
        return ClientRequest{
            .kind = Kind::hello, .application = Application::tls, .octets = *message};
    if (message.error().incomplete) {
        const auto [needed, begun] = message.error().progress;
        return ClientRequest{.begun = begun,
                             .application = begun ? Application::tls : Application::unknown,
                             .needed = needed};
    }
    switch (message.error().reason) {
        case tls::NotClientHello::malformed:
            return unreadable(Application::tls, Unreadable::malformed, ParserError::tls_malformed);
        case tls::NotClientHello::too_large:
            return unreadable(Application::tls, Unreadable::too_large, ParserError::tls_too_large);
        case tls::NotClientHello::not_tls:
            break;
    }
    switch (tls::old_client_hello(stream)) {
        case tls::OldHello::yes:
            return ClientRequest{.kind = Kind::old_hello, .application = Application::tls};
        case tls::OldHello::incomplete:
            return ClientRequest{.needed = stream.size() + 1};
        case tls::OldHello::no:
            break;
    }
    return std::nullopt;
}

Answer read_http2(Bytes stream, std::vector<std::uint8_t>& scratch) {
    const auto host = http2::requested_host(stream, scratch);
    if (host)
        return ClientRequest{.kind = Kind::host, .application = Application::http, .octets = *host};
    switch (host.error().kind) {
        case http2::Problem::Kind::incomplete:
            return ClientRequest{
                .begun = host.error().begun,
                .application = host.error().begun ? Application::http : Application::unknown,
                .needed = host.error().needed};
        case http2::Problem::Kind::no_host:
            return ClientRequest{.kind = Kind::nobody, .application = Application::http};
        case http2::Problem::Kind::malformed:
            return unreadable(Application::http, Unreadable::malformed, ParserError::http_bad_host);
        case http2::Problem::Kind::not_http2:
            break;
    }
    return std::nullopt;
}

// Walks what lies around the request that counts, from the outside in.
class Reader {
  public:
    Reader(Bytes stream, RequestProgress& progress, std::vector<std::uint8_t>& scratch)
        : stream_(stream), progress_(progress), scratch_(scratch) {}

    ClientRequest read() {
        while (true) {
            const std::size_t before = progress_.inner;
            const ClientRequest request = read_layer(stream_.subspan(progress_.inner));
            if (progress_.inner == before)
                return finished(request);
            if (++progress_.layers > most_layers)
                return unreadable(request.application, Unreadable::too_large,
                                  ParserError::http_bad_host);
        }
    }

  private:
    // Makes `needed` count from the start of the whole stream, of which no more than 64 KiB are
    // kept.
    ClientRequest finished(ClientRequest request) const {
        if (request.kind != Kind::incomplete && request.kind != Kind::foreign)
            return request;
        request.octets = stream_.subspan(progress_.inner);
        request.needed += progress_.inner;
        if (request.kind != Kind::incomplete ||
            (request.needed <= TcpStream::capacity && stream_.size() < TcpStream::capacity))
            return request;
        if (!request.begun)
            return {.kind = Kind::foreign, .octets = request.octets};
        return request.application == Application::tls
                   ? unreadable(request.application, Unreadable::too_large,
                                ParserError::tls_too_large)
                   : unreadable(request.application, Unreadable::too_large,
                                ParserError::http_bad_host);
    }

    ClientRequest read_layer(Bytes stream) {
        if (stream.empty())
            return {.needed = 1};
        if (const Answer tls = read_tls(stream, scratch_))
            return *tls;
        if (const Answer proxy = read_socks(stream))
            return *proxy;
        const auto hello = starttls::hello_offset(stream, progress_.commands);
        if (hello)
            return pass(*hello);
        if (const Answer http2 = read_http2(stream, scratch_))
            return *http2;
        if (const Answer http = read_http(stream))
            return *http;
        if (hello.error() == starttls::Problem::incomplete)
            return {.needed = stream.size() + 1};
        return {.kind = Kind::foreign};
    }

    Answer read_socks(Bytes stream) {
        const auto request = socks::read_request(stream);
        if (!request && request.error() == socks::Problem::incomplete)
            return ClientRequest{.needed = stream.size() + 1};
        if (!request && request.error() == socks::Problem::malformed)
            return unreadable(Application::unknown, Unreadable::malformed,
                              ParserError::http_bad_host);
        if (!request)
            return std::nullopt;
        const auto address = request->address ? request->address : host_address(request->host);
        if (!address && !request->host.empty())
            return ClientRequest{.kind = Kind::host, .octets = request->host};
        note(address, request->port);
        return pass(request->size);
    }

    Answer read_http(Bytes stream) {
        const auto request = http::read_request(stream, progress_.head);
        if (request)
            return accept(*request, stream);
        switch (request.error()) {
            case http::Problem::undecided:
                return ClientRequest{.needed = stream.size() + 1};
            case http::Problem::incomplete:
                return ClientRequest{
                    .begun = true, .application = Application::http, .needed = stream.size() + 1};
            case http::Problem::malformed:
                return unreadable(Application::http, Unreadable::malformed,
                                  ParserError::http_bad_host);
            case http::Problem::no_host:
                return ClientRequest{.kind = Kind::nobody, .application = Application::http};
            case http::Problem::not_http:
                break;
        }
        return std::nullopt;
    }

    ClientRequest accept(const http::Request& request, Bytes stream) {
        if (request.address)
            note(request.address, request.port);
        if (request.address && request.form == http::Form::connect) {
            const auto size = http::head_size(stream, progress_.head);
            if (size)
                return pass(*size);
            return {.begun = true, .application = Application::http, .needed = stream.size() + 1};
        }
        return {.kind = Kind::host, .application = Application::http, .octets = request.host};
    }

    void note(const std::optional<Address>& address, std::uint16_t port) {
        progress_.address = address;
        progress_.port = port;
    }

    // What counts starts so many octets further on.
    ClientRequest pass(std::size_t size) {
        progress_.inner += size;
        progress_.head = {};
        progress_.commands = 0;
        return {};
    }

    Bytes stream_;
    RequestProgress& progress_;
    std::vector<std::uint8_t>& scratch_;
};

}  // namespace

ClientRequest read_client_request(Bytes stream, RequestProgress& progress,
                                  std::vector<std::uint8_t>& scratch) {
    return Reader(stream, progress, scratch).read();
}

}  // namespace octroi
