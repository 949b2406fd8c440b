// Property: of any stream that a server of OpenSSL answers, octroi reads the name that the server
// takes, or says that it can't read it.
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "classifiers/inspection/inspector.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "classifiers/net/domain.hpp"
#include "tests/fuzz/client_segment.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::Domain;
using octroi::Ending;
using octroi::Findings;
using octroi::fuzz::client_segment;
using octroi::fuzz::require;

namespace {

using Buffer = std::vector<std::uint8_t>;

struct Deleter {
    void operator()(SSL* tls) const { SSL_free(tls); }

    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

    void operator()(X509* certificate) const { X509_free(certificate); }
};

template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

// What the server took, of the connection at hand.
struct Taken {
    bool asked = false;
    std::string name;
};

int on_server_name(SSL* tls, int* /*alert*/, void* argument) {
    auto* taken = static_cast<Taken*>(argument);
    taken->asked = true;
    const char* name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
    taken->name = name == nullptr ? "" : name;
    return SSL_TLSEXT_ERR_OK;
}

Owned<SSL_CTX> server_context(Taken& taken) {
    Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
    const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
    const Owned<X509> certificate(X509_new());
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    require(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
    require(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_tlsext_servername_callback(context.get(), on_server_name);
    SSL_CTX_set_tlsext_servername_arg(context.get(), &taken);
    return context;
}

/// The name that a server takes of this stream; nothing where it does not answer by a ServerHello.
std::optional<std::string> name_at_server(Bytes stream) {
    static Taken taken;
    static const Owned<SSL_CTX> context = server_context(taken);
    taken = {};
    ERR_clear_error();
    const Owned<SSL> tls(SSL_new(context.get()));
    BIO* in = BIO_new_mem_buf(stream.data(), static_cast<int>(stream.size()));
    BIO_set_mem_eof_return(in, -1);
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(tls.get(), in, out);
    SSL_accept(tls.get());
    char* said = nullptr;
    const long size = BIO_get_mem_data(out, &said);
    constexpr char handshake = 22;
    return size > 5 && said[0] == handshake ? std::optional(taken.name) : std::nullopt;
}

/// A ClientHello of OpenSSL's without a name.
Buffer hello_without_name() {
    const Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
    const Owned<SSL> tls(SSL_new(context.get()));
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(tls.get(), BIO_new(BIO_s_mem()), out);
    SSL_connect(tls.get());
    char* said = nullptr;
    const long size = BIO_get_mem_data(out, &said);
    return {said + 5, said + size};
}

void put16(Buffer& octets, std::size_t value) {
    octets.push_back(static_cast<std::uint8_t>(value >> 8U));
    octets.push_back(static_cast<std::uint8_t>(value));
}

/// The handshake message of a ClientHello whose first extension names `name` (RFC 6066 3).
Buffer hello_for(const std::string& name) {
    static const Buffer plain = hello_without_name();
    std::size_t at = 4 + 2 + 32;
    at += 1U + plain[at];
    at += 2U + (std::size_t{plain[at]} << 8U) + plain[at + 1];
    at += 1U + plain[at];
    Buffer extension;
    put16(extension, 0);
    put16(extension, name.size() + 5);
    put16(extension, name.size() + 3);
    extension.push_back(0);
    put16(extension, name.size());
    extension.insert(extension.end(), name.begin(), name.end());
    Buffer hello(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(at));
    const Buffer others(plain.begin() + static_cast<std::ptrdiff_t>(at) + 2, plain.end());
    put16(hello, extension.size() + others.size());
    hello.insert(hello.end(), extension.begin(), extension.end());
    hello.insert(hello.end(), others.begin(), others.end());
    const std::size_t size = hello.size() - 4;
    hello[2] = static_cast<std::uint8_t>(size >> 8U);
    hello[3] = static_cast<std::uint8_t>(size);
    return hello;
}

void put_record(Buffer& stream, std::uint8_t type, std::uint16_t version, Bytes content) {
    stream.push_back(type);
    put16(stream, version);
    put16(stream, content.size());
    stream.insert(stream.end(), content.begin(), content.end());
}

/// The message in records as a client might cut them, with others between.
Buffer in_records(FuzzedDataProvider& input, const Buffer& hello) {
    constexpr std::array<std::uint16_t, 8> versions = {0x0301, 0x0303, 0x0300, 0x0305,
                                                       0x03ff, 0x0500, 0x0201, 0x0304};
    Buffer stream;
    for (std::size_t at = 0; at < hello.size();) {
        const std::uint16_t version = input.ConsumeBool() ? input.PickValueInArray(versions)
                                                          : input.ConsumeIntegral<std::uint16_t>();
        if (input.ConsumeIntegralInRange(0, 3) == 3) {
            const std::string other = input.ConsumeRandomLengthString(4);
            put_record(stream, input.ConsumeIntegralInRange<std::uint8_t>(20, 25), version,
                       Bytes(reinterpret_cast<const std::uint8_t*>(other.data()), other.size()));
        }
        const std::size_t length = std::min(
            hello.size() - at,
            input.ConsumeIntegralInRange<std::size_t>(0, input.ConsumeBool() ? 16 : hello.size()));
        put_record(stream, 22, version, Bytes(hello).subspan(at, length));
        at += length;
        if (input.remaining_bytes() == 0 && at < hello.size()) {
            put_record(stream, 22, 0x0301, Bytes(hello).subspan(at));
            break;
        }
    }
    return stream;
}

Buffer stream_of(FuzzedDataProvider& input) {
    if (input.ConsumeBool()) {
        const std::string name = input.ConsumeRandomLengthString(300);
        Buffer hello = hello_for(name);
        for (int i = input.ConsumeIntegralInRange(0, 3); i > 0; --i)
            hello[input.ConsumeIntegralInRange<std::size_t>(0, hello.size() - 1)] =
                input.ConsumeIntegral<std::uint8_t>();
        return in_records(input, hello);
    }
    return input.ConsumeRemainingBytes<std::uint8_t>();
}

Findings at_gateway(Bytes stream) {
    static octroi::Workspace workspace(256UL * 1024);
    octroi::Inspector inspector;
    constexpr std::size_t most = 1400;
    std::uint32_t number = 1;
    inspector.inspect(client_segment(0, true, {}), number, workspace);
    for (std::size_t at = 0; at < stream.size(); at += most)
        inspector.inspect(client_segment(static_cast<std::uint32_t>(at + 1), false,
                                         stream.subspan(at, std::min(most, stream.size() - at))),
                          ++number, workspace);
    return inspector.findings();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const Buffer stream = stream_of(input);
    const auto taken = name_at_server(stream);
    if (!taken)
        return 0;
    const Findings findings = at_gateway(stream);
    if (findings.ending == Ending::unreadable)
        return 0;
    const auto name = Domain::requested(
        Bytes(reinterpret_cast<const std::uint8_t*>(taken->data()), taken->size()));
    // Where no name is asked for, the server's certificate may tell one.
    const bool named = !taken->empty() && findings.server_address.empty();
    const bool same = named ? !findings.open() && name && findings.server_name == name->text()
                            : findings.server_name.empty();
    if (!same)
        fmt::print(stderr, "the server took \"{}\"; octroi \"{}\", ending {}, of {} octets\n",
                   *taken, findings.server_name, static_cast<int>(findings.ending), stream.size());
    require(same);
    return 0;
}
