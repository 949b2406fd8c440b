#include "rules/policy/schedule.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using octroi::HoursWindow;
using octroi::Instant;
using octroi::parse_hours;
using octroi::parse_moment;
using octroi::Schedule;

namespace {

absl::TimeZone paris() {
    return octroi::find_time_zone("Europe/Paris").value();
}

Instant at(std::string_view text) {
    return parse_moment(text, paris()).value();
}

Schedule hours(std::string_view text) {
    Schedule schedule;
    schedule.hours.push_back(parse_hours(text).value());
    return schedule;
}

bool holds(const Schedule& schedule, std::string_view moment) {
    return schedule.holds(at(moment), paris());
}

std::string edge_after(const Schedule& schedule, std::string_view moment) {
    const auto edge = schedule.next_edge(at(moment), paris());
    return edge ? octroi::to_string(*edge, paris()) : "never";
}

}  // namespace

TEST_SUITE("moments") {
    TEST_CASE("a date is its first moment in the time zone, or its last one's end") {
        CHECK(octroi::to_string(at("2026-12-01"), paris()) == "2026-12-01T00:00:00+01:00");
        CHECK(octroi::to_string(at("2026-07-01"), paris()) == "2026-07-01T00:00:00+02:00");
        CHECK(parse_moment("2026-12-31", paris(), true) == at("2027-01-01"));
    }

    TEST_CASE("minutes, seconds, Z and offsets are read") {
        CHECK(octroi::to_string(at("2026-12-01T08:05"), paris()) == "2026-12-01T08:05:00+01:00");
        CHECK(octroi::to_string(at("2026-12-01T08:05:09"), paris()) == "2026-12-01T08:05:09+01:00");
        CHECK(at("2026-12-01T07:05:00Z") == at("2026-12-01T08:05"));
        CHECK(at("2026-12-01T09:05:00+02:00") == at("2026-12-01T08:05"));
    }

    TEST_CASE("what no calendar and no clock has is refused") {
        for (const char* text :
             {"2026-02-30", "2026-13-01", "2025-02-29", "2026-12-1", "26-12-01", "", "tomorrow",
              "2026-12-01T24:01", "2026-12-01T8:00", "2026-12-01 08:00", "2026-12-01T08:60",
              "2026-12-01T08:00:61", "2026-12-01x", "2026-12-01T08:00+25:00"}) {
            CAPTURE(text);
            CHECK_FALSE(parse_moment(text, paris()));
        }
        CHECK(parse_moment("2024-02-29", paris()));
    }

    TEST_CASE("a time zone that nobody knows is none") {
        CHECK_FALSE(octroi::find_time_zone("Europe/Atlantis"));
        CHECK(octroi::find_time_zone("UTC"));
    }
}

TEST_SUITE("hours") {
    TEST_CASE("days are named one by one, as a range, or left out") {
        CHECK(parse_hours("Mon-Fri 07:00-20:00")->days == 0b0011111);
        CHECK(parse_hours("Sat,Sun 00:00-24:00")->days == 0b1100000);
        CHECK(parse_hours("Fri-Mon 08:00-09:00")->days == 0b1110001);
        CHECK(parse_hours("Wed 08:00-09:00")->days == 0b0000100);
        CHECK(parse_hours("22:00-06:00")->days == 0b1111111);
        CHECK(parse_hours("Sat,Sun 00:00-24:00")->end == 1440);
    }

    TEST_CASE("anything else is refused") {
        for (const char* text :
             {"", "Mon", "07:00", "7:00-20:00", "07:00-25:00", "24:00-06:00", "08:00-08:00",
              "Mon-Fri", "Monday 07:00-20:00", "mon 07:00-20:00", "Mon- 07:00-20:00",
              "Mon, 07:00-20:0", "Mon 07:00 - 20:00", "07:00-20:61", "07-20", " 07:00-20:00x"}) {
            CAPTURE(text);
            CHECK_FALSE(parse_hours(text));
        }
    }

    TEST_CASE("a window begins on its minute and ends on its minute") {
        const Schedule office = hours("Mon-Fri 07:00-20:00");
        CHECK_FALSE(holds(office, "2026-12-01T06:59:59"));  // a Tuesday
        CHECK(holds(office, "2026-12-01T07:00"));
        CHECK(holds(office, "2026-12-01T19:59:59"));
        CHECK_FALSE(holds(office, "2026-12-01T20:00"));
        CHECK_FALSE(holds(office, "2026-12-05T12:00"));  // a Saturday
    }

    TEST_CASE("a window over midnight belongs to the day on which it begins") {
        const Schedule night = hours("Fri 22:00-06:00");
        CHECK_FALSE(holds(night, "2026-12-04T05:00"));  // a Friday
        CHECK(holds(night, "2026-12-04T22:00"));
        CHECK(holds(night, "2026-12-05T05:59"));
        CHECK_FALSE(holds(night, "2026-12-05T06:00"));
        CHECK_FALSE(holds(night, "2026-12-05T23:00"));
    }

    TEST_CASE("the clock's change moves a window with it") {
        const Schedule office = hours("07:00-20:00");
        CHECK(holds(office, "2026-10-25T07:00"));  // the day has 25 hours
        CHECK(edge_after(office, "2026-10-25T00:00") == "2026-10-25T07:00:00+01:00");
        CHECK(edge_after(office, "2026-03-29T00:00") == "2026-03-29T07:00:00+02:00");
    }
}

TEST_SUITE("schedules") {
    TEST_CASE("from is included, until is not") {
        Schedule schedule;
        schedule.from = at("2026-12-01");
        schedule.until = at("2027-01-01");
        CHECK_FALSE(holds(schedule, "2026-11-30T23:59:59"));
        CHECK(holds(schedule, "2026-12-01"));
        CHECK(holds(schedule, "2026-12-31T23:59:59"));
        CHECK_FALSE(holds(schedule, "2027-01-01"));
    }

    TEST_CASE("the next edge is the first moment at which the schedule may change") {
        Schedule schedule = hours("Mon-Fri 07:00-20:00");
        schedule.from = at("2026-12-01T12:00");
        schedule.until = at("2026-12-03");
        CHECK(edge_after(schedule, "2026-11-20T21:00") == "2026-11-23T07:00:00+01:00");
        CHECK(edge_after(schedule, "2026-12-01T08:00") == "2026-12-01T12:00:00+01:00");
        CHECK(edge_after(schedule, "2026-12-02T20:00") == "2026-12-03T00:00:00+01:00");
        CHECK(edge_after(schedule, "2026-12-03") == "never");
        CHECK(edge_after(Schedule(), "2026-12-03") == "never");
    }

    TEST_CASE("between two edges nothing changes") {
        Schedule schedule = hours("Sat-Mon 21:30-03:15");
        schedule.hours.push_back(parse_hours("Wed 00:00-24:00").value());
        schedule.until = at("2026-11-30T01:00");
        Instant moment = at("2026-10-20");
        for (int edges = 0; edges < 200; ++edges) {
            const auto next = schedule.next_edge(moment, paris());
            if (!next)
                break;
            const bool now = schedule.holds(moment, paris());
            for (Instant each = moment; each < *next; each += absl::Minutes(7))
                REQUIRE(schedule.holds(each, paris()) == now);
            moment = *next;
        }
        CHECK_FALSE(schedule.next_edge(moment, paris()));
    }
}
