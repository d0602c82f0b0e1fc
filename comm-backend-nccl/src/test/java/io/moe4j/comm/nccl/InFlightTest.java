package io.moe4j.comm.nccl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Time limits of work on the device, with a clock and a device that the test controls. */
class InFlightTest {
    private static final List<String> GRAPH = List.of("all-gather", "reduce-scatter", "all-reduce");

    private final Set<String> done = new TreeSet<>();
    private long seconds;
    private long counted;
    private final InFlight inFlight = new InFlight(Duration.ofSeconds(10), () -> seconds * 1_000_000_000L);

    @Test
    void aCallHasTheTimeLimit() {
        call("all-gather");
        seconds = 10;
        assertEquals(Optional.empty(), inFlight.overdue());
        seconds = 11;
        assertEquals(Optional.of("all-gather"), inFlight.overdue());
    }

    @Test
    void theTimeOfACallBeginsWhenThoseBeforeItAreDone() {
        call("first");
        seconds = 9;
        call("second");
        done.add("first");
        assertEquals(Optional.empty(), inFlight.overdue());
        seconds = 19;
        assertEquals(Optional.empty(), inFlight.overdue());
        seconds = 20;
        assertEquals(Optional.of("second"), inFlight.overdue());
        done.add("second");
        assertEquals(Optional.empty(), inFlight.overdue());
        seconds = 100;
        call("third");
        assertEquals(Optional.empty(), inFlight.overdue(), "idle time does not count");
    }

    @Test
    void eachCallOfAReplayHasTheTimeLimitAndIsNamed() {
        replay("one", 0);
        seconds = 9;
        counted = 1;
        assertEquals(Optional.empty(), inFlight.overdue());
        seconds = 18;
        assertEquals(Optional.empty(), inFlight.overdue(), "it got on at 9");
        seconds = 20;
        assertEquals(Optional.of("reduce-scatter (call 2 of 3 in a replayed graph)"), inFlight.overdue());
    }

    @Test
    void whatComesBehindTheCallsOfAReplayIsNotTheirs() {
        replay("one", 0);
        counted = 3;
        seconds = 1000;
        assertEquals(Optional.empty(), inFlight.overdue());
        seconds = 2000;
        assertEquals(Optional.empty(), inFlight.overdue());
    }

    @Test
    void replaysCountOn() {
        replay("one", 0);
        replay("two", GRAPH.size());
        counted = 3;
        done.add("one");
        assertEquals(Optional.empty(), inFlight.overdue());
        seconds = 11;
        assertEquals(Optional.of("all-gather (call 1 of 3 in a replayed graph)"), inFlight.overdue());
        counted = 5;
        assertEquals(Optional.empty(), inFlight.overdue());
        seconds = 22;
        assertEquals(Optional.of("all-reduce (call 3 of 3 in a replayed graph)"), inFlight.overdue());
    }

    private void call(String name) {
        inFlight.add(() -> done.contains(name), new Work.Call(name));
    }

    private void replay(String name, long before) {
        inFlight.add(() -> done.contains(name), new Work.Replay(GRAPH, () -> counted, before));
    }
}
