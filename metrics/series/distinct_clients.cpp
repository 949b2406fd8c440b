#include "metrics/series/distinct_clients.hpp"

#include <array>
#include <cmath>
#include <map>
#include <new>
#include <utility>

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero
#include <sys/random.h>

#include "metrics/series/names.hpp"

namespace octroi {
namespace {

constexpr absl::Duration an_hour = absl::Hours(1);
constexpr absl::Duration a_day = absl::Hours(24);

SipKey random_key() {
    SipKey key;
    // Never short for so few octets (getrandom(2)); at boot it waits for the kernel's seed.
    if (getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key))
        throw std::bad_alloc();
    return key;
}

std::int64_t window_number(absl::Time at, absl::Duration length) {
    return absl::ToUnixSeconds(at) / absl::ToInt64Seconds(length);
}

Family client_gauge(const char* name, const char* help) {
    return {.name = name, .help = help, .type = MetricType::gauge};
}

}  // namespace

// Sketches over one stretch of time.
class DistinctClients::Window {
  public:
    Window(absl::Time now, absl::Duration length)
        : number_(window_number(now, length)),
          length_(length),
          key_(random_key()),
          // The kernel gives a page when something is first written to it.
          registers_(
              static_cast<std::uint8_t*>(std::calloc(capacity, hyperloglog::register_count))) {
        if (!registers_)
            throw std::bad_alloc();
    }

    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;
    Window(Window&&) = delete;
    Window& operator=(Window&&) = delete;

    ~Window() { explicit_bzero(&key_, sizeof key_); }

    [[nodiscard]] bool is_over(absl::Time now) const {
        return window_number(now, length_) != number_;
    }

    void add(Cell cell, const Address& client) {
        used_[cell].store(true, std::memory_order_relaxed);
        hyperloglog::add(sketch(cell), siphash(key_, client.bytes));
    }

    // Whether the cell was ever written to: reading the others would make the kernel give pages.
    [[nodiscard]] bool used(std::size_t cell) const {
        return used_[cell].load(std::memory_order_relaxed);
    }

    [[nodiscard]] hyperloglog::Registers sketch(std::size_t cell) const {
        return hyperloglog::Registers(registers_.get() + cell * hyperloglog::register_count,
                                      hyperloglog::register_count);
    }

  private:
    std::int64_t number_;
    absl::Duration length_;
    SipKey key_;
    Owned<std::uint8_t, std::free> registers_;
    std::array<std::atomic<bool>, capacity> used_{};
};

DistinctClients::DistinctClients(absl::Time now)
    : running_(
          std::make_shared<const Windows>(Windows{.hour = std::make_shared<Window>(now, an_hour),
                                                  .day = std::make_shared<Window>(now, a_day)})) {}

DistinctClients::Cell DistinctClients::cell(const std::string& service, const std::string& category,
                                            const std::string& zone) {
    const std::lock_guard lock(mutex_);
    const Labelled labels{.service = service, .category = category, .zone = zone};
    if (const auto known = cells_.find(labels); known != cells_.end())
        return known->second;
    if (cells_.size() == capacity)
        return no_cell;
    const auto next = static_cast<Cell>(cells_.size());
    return cells_.emplace(labels, next).first->second;
}

void DistinctClients::add(Cell cell, const Address& client) {
    if (cell == no_cell) {
        uncounted_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    const auto windows = running_.load();
    windows->hour->add(cell, client);
    windows->day->add(cell, client);
}

void DistinctClients::turn(absl::Time now) {
    Windows next = *running_.load();
    const bool hour_over = next.hour->is_over(now);
    const bool day_over = next.day->is_over(now);
    if (hour_over)
        next.hour = std::make_shared<Window>(now, an_hour);
    if (day_over)
        next.day = std::make_shared<Window>(now, a_day);
    if (hour_over || day_over)
        running_.store(std::make_shared<const Windows>(std::move(next)));
}

double DistinctClients::rounded(double estimate) {
    constexpr double ten = 10;
    double step = ten;
    while (estimate >= step * ten * ten)
        step *= ten;
    return std::round(estimate / step) * step;
}

void DistinctClients::add_window(std::vector<Family>& families, const Window& window,
                                 const char* name) const {
    using Sketch = std::vector<std::uint8_t>;
    std::map<std::pair<std::string, std::string>, Sketch> categories;
    const auto tell = [&](Family& family, Labels labels, hyperloglog::ConstRegisters sketch) {
        const double clients = hyperloglog::estimate(sketch);
        labels.emplace_back("window", name);
        if (std::round(clients) >= fewest)
            family.samples.push_back({.labels = std::move(labels), .value = rounded(clients)});
    };
    for (const auto& [labels, cell] : cells_) {
        if (!window.used(cell))
            continue;
        tell(families[0], {{"service", labels.service}, {"zone", labels.zone}},
             window.sketch(cell));
        Sketch& category = categories[{labels.category, labels.zone}];
        category.resize(hyperloglog::register_count);
        hyperloglog::merge(hyperloglog::Registers(category), window.sketch(cell));
    }
    for (const auto& [labels, sketch] : categories)
        if (!labels.first.empty())
            tell(families[1], {{"category", labels.first}, {"zone", labels.second}},
                 hyperloglog::ConstRegisters(sketch));
}

std::vector<Family> DistinctClients::collect() const {
    const auto windows = running_.load();
    const std::lock_guard lock(mutex_);
    std::vector<Family> families = {
        client_gauge(metric::distinct_clients,
                     "Clients with an accepted flow of the service in the running window, about; "
                     "none below 10."),
        client_gauge(metric::distinct_category_clients,
                     "Clients with an accepted flow of any service of the category in the running "
                     "window, about; none below 10.")};
    add_window(families, *windows->hour, "hour");
    add_window(families, *windows->day, "day");
    families.push_back(
        {.name = metric::distinct_clients_uncounted_flows_total,
         .help = "Flows whose client found no sketch, all of them being taken.",
         .type = MetricType::counter,
         .samples = {{.labels = {},
                      .value = static_cast<double>(uncounted_.load(std::memory_order_relaxed))}}});
    return families;
}

}  // namespace octroi
