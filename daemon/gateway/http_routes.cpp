#include "daemon/gateway/http_routes.hpp"

#include "daemon/gateway/status.hpp"
#include "metrics/page/page_files.hpp"
#include "metrics/series/exporter.hpp"

namespace octroi {

// What asks these (a load balancer, a script) may send any Host and has no secret; it learns one
// word.
std::optional<HttpResponse> HttpRoutes::probe(std::string_view path) const {
    if (path == "/healthz")
        return HttpResponse{.body = "ok\n"};
    if (path == "/readyz")
        return sources_.ready() ? HttpResponse{.body = "ready\n"}
                                : HttpResponse{.status = 503, .body = "not ready\n"};
    return std::nullopt;
}

HttpResponse HttpRoutes::operator()(const HttpRequest& request) const {
    if (auto answer = probe(request.path))
        return *answer;
    if (auto refusal = access_.refuse_host(request))
        return *refusal;
    // A browser asks for these before it can send a token.
    if (const PageFile* file = find_page_file(request.path))
        return {.media_type = std::string(file->media_type), .body = std::string(file->text)};
    if (auto refusal = access_.refuse_stranger(request))
        return *refusal;
    if (request.path == "/metrics")
        return {.media_type = exposition_media_type, .body = sources_.metrics()};
    if (request.path == status_path)
        if (std::string status = sources_.status(); !status.empty())
            return {.media_type = "application/json", .body = std::move(status)};
    return {.status = 404,
            .body = "octroi serves /, /metrics, /api/v1/status, /healthz and /readyz\n"};
}

}  // namespace octroi
