#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace octroi {

/// The service manager that started octroi, systemd or one that speaks like it: it is told how the
/// service fares (sd_notify(3)), keeps descriptors over a restart (FileDescriptorStoreMax=) and
/// may watch over it. Where there is none, nothing is told and nothing was kept. Used by the
/// control thread.
class ServiceManager {
  public:
    /// Reads NOTIFY_SOCKET, LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, WATCHDOG_PID and WATCHDOG_USEC,
    /// and takes them out of the environment: programs that octroi runs must not speak in its name.
    /// Before any thread starts.
    [[nodiscard]] static ServiceManager from_environment();

    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;
    ServiceManager(ServiceManager&& other) noexcept;
    ServiceManager& operator=(ServiceManager&& other) = delete;
    ~ServiceManager();

    /// Sends assignments, one a line: "READY=1\nSTATUS=...". What can't be sent is lost: the
    /// service goes on without its manager.
    void notify(std::string_view state) const;

    /// Has the manager keep a descriptor for the next process.
    void keep(std::string_view name, int descriptor) const;

    /// The descriptor that was kept under this name; the caller owns it. Nothing where there is
    /// none.
    [[nodiscard]] std::optional<int> take(std::string_view name);

    /// Whether anything was kept that is not taken yet.
    [[nodiscard]] bool keeps_any() const { return !kept_.empty(); }

    /// Has the manager forget what it keeps under `name`.
    void forget(std::string_view name) const;

    /// Closes what was kept and not taken, and has the manager forget it. Gives the names.
    std::vector<std::string> forget_the_rest();

    /// How often the manager wants to hear WATCHDOG=1 at least; nothing where it does not watch.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

  private:
    struct Kept {
        std::string name;
        int descriptor = -1;
    };

    ServiceManager() = default;

    void send(std::string_view state, int descriptor) const;

    int socket_ = -1;
    std::string address_;
    std::vector<Kept> kept_;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace octroi
