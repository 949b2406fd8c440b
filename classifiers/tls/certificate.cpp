#include "classifiers/tls/certificate.hpp"

#include <string_view>

#include <openssl/x509v3.h>

#include "classifiers/base/owned.hpp"
#include "classifiers/net/domain.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_names = 100;

using Certificate = Owned<X509, X509_free>;
using Names = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

void add_name(std::vector<std::string>& names, const ASN1_STRING* text) {
    std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                          static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (name.starts_with("*."))
        name.remove_prefix(2);
    if (const auto domain = Domain::parse(name); domain && names.size() < max_names)
        names.push_back(domain->text());
}

void add_alternative_names(std::vector<std::string>& names, const X509& certificate) {
    const Names alternatives(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
        const GENERAL_NAME* alternative = sk_GENERAL_NAME_value(alternatives.get(), i);
        if (alternative->type == GEN_DNS)
            add_name(names, alternative->d.dNSName);
    }
}

void add_common_name(std::vector<std::string>& names, const X509& certificate) {
    const X509_NAME* subject = X509_get_subject_name(&certificate);
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index >= 0)
        add_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
}

}  // namespace

std::optional<std::vector<std::string>> certificate_names(Bytes der) {
    const unsigned char* position = der.data();
    const Certificate certificate(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
    if (!certificate)
        return std::nullopt;
    std::vector<std::string> names;
    add_alternative_names(names, *certificate);
    if (names.empty())
        add_common_name(names, *certificate);
    return names;
}

}  // namespace octroi
