#include "daemon/commands/http_client.hpp"

#include <array>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "classifiers/base/shared_library.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_body = 16UL * 1024 * 1024;
constexpr long timeout_seconds = 10;

// What octroi calls of libcurl.
struct LibCurl {
    decltype(curl_easy_init)* init = nullptr;
    decltype(curl_easy_setopt)* setopt = nullptr;
    decltype(curl_easy_perform)* perform = nullptr;
    decltype(curl_easy_getinfo)* getinfo = nullptr;
    decltype(curl_easy_strerror)* strerror = nullptr;
    decltype(curl_easy_cleanup)* cleanup = nullptr;
};

std::expected<LibCurl, std::string> load_curl() {
    auto library = SharedLibrary::open("libcurl.so.4", "libcurl4");
    if (!library)
        return std::unexpected(library.error());
    LibCurl curl;
    library->find(curl.init, "curl_easy_init");
    library->find(curl.setopt, "curl_easy_setopt");
    library->find(curl.perform, "curl_easy_perform");
    library->find(curl.getinfo, "curl_easy_getinfo");
    library->find(curl.strerror, "curl_easy_strerror");
    library->find(curl.cleanup, "curl_easy_cleanup");
    if (!library->missing().empty())
        return std::unexpected(fmt::format("libcurl.so.4 has no {}()", library->missing()));
    return curl;
}

std::size_t append(const char* data, std::size_t /*one*/, std::size_t size, void* target) {
    auto& body = *static_cast<std::string*>(target);
    if (body.size() + size > max_body)
        return 0;
    body.append(data, size);
    return size;
}

}  // namespace

std::expected<std::string, std::string> http_get(const std::string& url,
                                                 const std::optional<std::string>& token) {
    const auto lib = load_curl();
    if (!lib)
        return std::unexpected(lib.error());
    const std::unique_ptr<CURL, decltype(lib->cleanup)> handle(lib->init(), lib->cleanup);
    if (!handle)
        return std::unexpected("libcurl can't be initialised");
    std::string body;
    std::array<char, CURL_ERROR_SIZE> problem{};
    CURL* curl = handle.get();
    // The first one that is not taken is the answer.
    CURLcode code = CURLE_OK;
    const auto set = [&](CURLoption option, auto value) {
        if (code == CURLE_OK)
            code = lib->setopt(curl, option, value);
    };
    set(CURLOPT_ERRORBUFFER, problem.data());
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT, timeout_seconds);
    set(CURLOPT_WRITEFUNCTION, append);
    set(CURLOPT_WRITEDATA, &body);
    if (token) {
        set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        set(CURLOPT_XOAUTH2_BEARER, token->c_str());
    }
    if (code == CURLE_OK)
        code = lib->perform(curl);
    if (code != CURLE_OK)
        return std::unexpected(fmt::format(
            "{}: {}", url, problem.front() != '\0' ? problem.data() : lib->strerror(code)));
    long status = 0;
    if (lib->getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
        return std::unexpected(fmt::format("{}: its answer has no status", url));
    if (status == 401)
        return std::unexpected(
            fmt::format("{}: it asks for {} token", url, token ? "another" : "a"));
    if (status != 200)
        return std::unexpected(fmt::format("{}: status {}", url, status));
    return body;
}

}  // namespace octroi
