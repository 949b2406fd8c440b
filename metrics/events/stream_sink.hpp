#pragma once

#include <functional>
#include <string>

#include "metrics/events/event_sink.hpp"

namespace octroi {

/// The standard output. A reader that stalls loses lines.
class StdoutSink : public EventSink {
  public:
    void look_after(Time /*now*/) override {}

  protected:
    [[nodiscard]] ssize_t put(std::string_view text) override;

  private:
    bool stalled_ = false;
};

/// A local socket, a stream or of datagrams, that somebody else listens on. It is connected anew,
/// once a second, where it is not.
class SocketSink : public EventSink {
  public:
    struct Connection {
        int descriptor = -1;  ///< below 0: nobody listens
        bool datagrams = false;
    };

    using Connect = std::function<Connection()>;

    explicit SocketSink(Connect connect) : connect_(std::move(connect)) {}

    SocketSink(const SocketSink&) = delete;
    SocketSink& operator=(const SocketSink&) = delete;
    SocketSink(SocketSink&&) = delete;
    SocketSink& operator=(SocketSink&&) = delete;
    ~SocketSink() override;

    void look_after(Time now) override;

  protected:
    [[nodiscard]] ssize_t put(std::string_view text) override;

  private:
    [[nodiscard]] ssize_t send(std::string_view text) const;
    void disconnect();

    Connect connect_;
    Connection connection_;
    bool stalled_ = false;
};

/// Connects to the socket at `path`.
[[nodiscard]] SocketSink::Connection connect_to(const std::string& path);

}  // namespace octroi
