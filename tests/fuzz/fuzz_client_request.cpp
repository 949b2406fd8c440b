// Property: any client's stream is read as the same request in one piece and octet by octet, with
// what earlier looks have read; a host lies inside the stream or the scratch buffer; what is
// incomplete asks for octets that are not there yet, and within what is kept of a stream.
#include <algorithm>

#include "classifiers/inspection/client_request.hpp"
#include "classifiers/net/tcp_stream.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::ClientRequest;
using octroi::fuzz::inside;
using octroi::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096)
        return 0;
    const Bytes stream(data, size);
    octroi::RequestProgress once;
    std::vector<std::uint8_t> scratch;
    const ClientRequest whole = octroi::read_client_request(stream, once, scratch);
    const std::vector<std::uint8_t> octets(whole.octets.begin(), whole.octets.end());
    if (whole.kind == ClientRequest::Kind::host || whole.kind == ClientRequest::Kind::hello)
        require(inside(whole.octets, stream) || inside(whole.octets, scratch));
    require(once.inner <= size);

    octroi::RequestProgress progress;
    ClientRequest step;
    std::size_t length = 0;
    do {
        length = std::min(std::max(step.needed, length + 1), size);
        step = octroi::read_client_request(stream.first(length), progress, scratch);
        if (step.kind == ClientRequest::Kind::incomplete)
            require(step.needed > length && step.needed <= octroi::TcpStream::capacity);
    } while (step.kind == ClientRequest::Kind::incomplete && length < size);
    require(step.kind == whole.kind);
    if (whole.kind == ClientRequest::Kind::host || whole.kind == ClientRequest::Kind::hello)
        require(std::ranges::equal(step.octets, octets));
    if (whole.kind != ClientRequest::Kind::foreign)
        require(progress.address == once.address && progress.inner == once.inner);
    return 0;
}
