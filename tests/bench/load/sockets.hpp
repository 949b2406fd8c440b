#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <netinet/in.h>

/// What the load generator asks of the kernel. Every failure that is no answer of the network ends
/// the program.
namespace load {

/// A file descriptor that is closed with its owner.
class Descriptor {
  public:
    explicit Descriptor(int value = -1) : value_(value) {}

    Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    [[nodiscard]] int number() const { return value_; }

  private:
    int value_;
};

/// Gives each flow a source of its own: all ports from 1024 of the first address, then of the next.
/// No pair is used twice before all were, so no flow meets what is remembered of an earlier one.
class Sources {
  public:
    /// `first` is the number of the first pair to give.
    Sources(std::vector<in_addr> addresses, std::uint64_t first)
        : addresses_(std::move(addresses)), next_(first) {}

    [[nodiscard]] sockaddr_in next();

  private:
    std::vector<in_addr> addresses_;
    std::uint64_t next_;
};

[[nodiscard]] sockaddr_in endpoint(const std::string& address, std::uint16_t port);

/// A socket bound to `source` and on its way to `server`. It does not block, and where it is a
/// stream it ends with a reset, which leaves no TIME_WAIT.
[[nodiscard]] Descriptor connected(int kind, const sockaddr_in& source, const sockaddr_in& server);

/// A socket that takes what comes to `address`; a stream's children end with a reset too.
[[nodiscard]] Descriptor bound(int kind, const sockaddr_in& address);

/// Watches `descriptor` edge by edge; events carry `number`.
void watch(const Descriptor& epoll, int descriptor, std::uint64_t number);

/// Ends the program with what errno says.
[[noreturn]] void fail(const std::string& what);

}  // namespace load
