#include "rules/lint/header_box.hpp"

#include <doctest/doctest.h>

#include "rules/policy/facts.hpp"
#include "tests/policy/samples.hpp"

using octroi::addresses;
using octroi::any_flow;
using octroi::contains;
using octroi::difference;
using octroi::empty_property;
using octroi::exactly;
using octroi::HeaderBox;
using octroi::HeaderPoint;
using octroi::name_at;
using octroi::name_key;
using octroi::names_under;
using octroi::Property;
using octroi::samples::network;

namespace {

using Numbers = octroi::IntervalSet<std::uint32_t>;
using Texts = octroi::IntervalSet<std::string>;

HeaderBox box_of(std::uint32_t first_port, std::uint32_t after, std::string_view client) {
    HeaderBox box;
    std::get<Property::port>(box) = Numbers(first_port, after);
    std::get<Property::client>(box) = addresses({network(client)});
    return box;
}

}  // namespace

TEST_SUITE("flow box") {
    TEST_CASE("a domain takes itself and what is below it, and no neighbour") {
        const Texts zoom({names_under("zoom.us")});
        for (const char* name : {"zoom.us", "a.zoom.us", "b.a.zoom.us", "zoom.zoom.us"})
            CHECK(zoom.contains(name_key(name)));
        for (const char* name :
             {"", "us", "azoom.us", "zoom-a.us", "zoom.com", "zoom.us.com", "zoom"})
            CHECK(!zoom.contains(name_key(name)));
    }

    TEST_CASE("an exact name takes itself alone") {
        const Texts zoom({exactly(name_key("zoom.us"))});
        CHECK(zoom.contains(name_key("zoom.us")));
        CHECK(!zoom.contains(name_key("a.zoom.us")));
        CHECK(!zoom.contains(name_key("us")));
    }

    TEST_CASE("every edge of a set of names has a name at it that is in the set") {
        CHECK(name_at(name_key("b.a.zoom.us")) == "b.a.zoom.us");
        CHECK(name_at("").empty());
        const Texts zoom({names_under("zoom.us")});
        const Texts below = zoom - Texts(std::vector{exactly(name_key("zoom.us"))});
        const Texts beside = Texts({names_under("us")}) - zoom -
                             Texts(std::vector{exactly(name_key("us"))}) -
                             Texts({names_under("a.us")});
        const Texts named = Texts() - Texts(std::vector{exactly("")});
        const Texts behind = named - Texts("", names_under("zoom.us").second);
        for (const Texts& set : {zoom, below, beside, named, behind}) {
            const std::string name = name_at(set.least());
            CAPTURE(name);
            CHECK(set.contains(name_key(name)));
        }
        CHECK(name_at(below.least()).ends_with(".zoom.us"));
    }

    TEST_CASE("what is left of a box without another one is in the first and not in the second") {
        const HeaderBox box = box_of(10, 20, "10.0.0.0/8");
        const HeaderBox taken = box_of(15, 30, "10.1.0.0/16");
        const auto left = difference(box, taken);
        CHECK(left.size() == 2);
        for (const char* client : {"10.0.0.1", "10.1.0.1", "11.0.0.1"})
            for (const std::uint32_t port : {9U, 12U, 17U, 25U}) {
                HeaderPoint flow;
                std::get<Property::client>(flow) = octroi::samples::address(client);
                std::get<Property::port>(flow) = port;
                const auto count = std::ranges::count_if(
                    left, [&](const HeaderBox& each) { return contains(each, flow); });
                CHECK(count == (contains(box, flow) && !contains(taken, flow) ? 1 : 0));
            }
        for (const HeaderBox& each : left)
            CHECK(contains(each, any_flow(each)));
    }

    TEST_CASE("a box without itself leaves nothing; an empty box says what is empty") {
        const HeaderBox box = box_of(10, 20, "2001:db8::/32");
        CHECK(difference(box, box).empty());
        CHECK(difference(box, HeaderBox()).empty());
        CHECK(empty_property(box) == Property::count);
        CHECK(empty_property(intersection(box, box_of(20, 30, "::/0"))) == Property::port);
        CHECK(empty_property(intersection(box, box_of(10, 30, "10.0.0.0/8"))) == Property::client);
    }
}
