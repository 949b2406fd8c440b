#include "metrics/exporter.hpp"

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("exporter") {
    TEST_CASE("families are written in Prometheus' text format") {
        const std::string text = exposition_text(
            {{.name = "octroi_flows_total",
              .help = "Flows decided.",
              .type = MetricType::counter,
              .samples = {{.labels = {{"service", "zoom"}, {"zone", "none"}}, .value = 3},
                          {.labels = {{"service", "visio"}, {"zone", "none"}}, .value = 0}}},
             {.name = "octroi_policy_generation",
              .help = "Generation.",
              .type = MetricType::gauge,
              .samples = {{.labels = {}, .value = 63}}}});
        CHECK(text ==
              "# HELP octroi_flows_total Flows decided.\n"
              "# TYPE octroi_flows_total counter\n"
              "octroi_flows_total{service=\"zoom\",zone=\"none\"} 3\n"
              "octroi_flows_total{service=\"visio\",zone=\"none\"} 0\n"
              "# HELP octroi_policy_generation Generation.\n"
              "# TYPE octroi_policy_generation gauge\n"
              "octroi_policy_generation 63\n");
    }

    TEST_CASE("quotes, backslashes and line ends in a label are escaped") {
        const std::string text =
            exposition_text({{.name = "x",
                              .help = "X.",
                              .type = MetricType::gauge,
                              .samples = {{.labels = {{"zone", "a\"b\\c\nd"}}, .value = 1}}}});
        CHECK(text.find("x{zone=\"a\\\"b\\\\c\\nd\"} 1\n") != std::string::npos);
    }

    TEST_CASE("a large counter keeps every digit") {
        const std::string text =
            exposition_text({{.name = "octets_total",
                              .help = "Octets.",
                              .type = MetricType::counter,
                              .samples = {{.labels = {}, .value = 9007199254740991}}}});
        CHECK(text.find("octets_total 9007199254740991\n") != std::string::npos);
    }
}
