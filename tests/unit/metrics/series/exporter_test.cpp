#include "metrics/series/exporter.hpp"

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

    TEST_CASE("the buckets of a histogram add up") {
        const std::string text = exposition_text(
            {{.name = "octroi_decision_packets",
              .help = "Packets.",
              .type = MetricType::histogram,
              .buckets = Family::Buckets{.bounds = {1, 2.5}, .counts = {4, 0, 3}, .sum = 40}}});
        CHECK(text ==
              "# HELP octroi_decision_packets Packets.\n"
              "# TYPE octroi_decision_packets histogram\n"
              "octroi_decision_packets_count 7\n"
              "octroi_decision_packets_sum 40\n"
              "octroi_decision_packets_bucket{le=\"1\"} 4\n"
              "octroi_decision_packets_bucket{le=\"2.5\"} 4\n"
              "octroi_decision_packets_bucket{le=\"+Inf\"} 7\n");
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
