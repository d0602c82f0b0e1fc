package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** The first signal asks, any further one ends. {@link TerminalTest} sends real ones. */
class InterruptsTest {

    @Test
    void theSecondSignalEndsAtOnce() {
        List<StopSignal> asked = new ArrayList<>();
        List<Integer> halted = new ArrayList<>();
        try (Interrupts interrupts = Interrupts.unhandled(asked::add, halted::add)) {
            assertEquals(Optional.empty(), interrupts.received());
            interrupts.receive(StopSignal.TERM);
            assertEquals(List.of(StopSignal.TERM), asked);
            assertEquals(List.of(), halted);
            interrupts.receive(StopSignal.INT);
            assertEquals(List.of(StopSignal.TERM), asked);
            assertEquals(List.of(130), halted);
            assertEquals(Optional.of(StopSignal.TERM), interrupts.received());
        }
    }

    @Test
    void theRowOfTheTerminalIsEndedBefore() {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        try (Interrupts interrupts = Interrupts.unhandled(signal -> order.add("asked"), code -> order.add("halted"))) {
            interrupts.beforeHalt(() -> order.add("written"));
            interrupts.receive(StopSignal.INT);
            interrupts.receive(StopSignal.INT);
        }
        assertEquals(List.of("asked", "written", "halted"), order);
    }

    /** A terminal that takes nothing, as after Ctrl-S, does not keep the process. */
    @Test
    void whatCannotBeWrittenIsNotWaitedFor() {
        List<Integer> halted = new ArrayList<>();
        CountDownLatch never = new CountDownLatch(1);
        try (Interrupts interrupts = Interrupts.unhandled(signal -> {}, halted::add)) {
            interrupts.beforeHalt(() -> {
                try {
                    never.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            interrupts.receive(StopSignal.INT);
            interrupts.receive(StopSignal.TERM);
        }
        assertEquals(List.of(143), halted);
        never.countDown();
    }

    @Test
    void exitCodesAreThoseOfShells() {
        assertEquals(List.of(129, 130, 143), List.of(StopSignal.HUP.exitCode(), StopSignal.INT.exitCode(),
                StopSignal.TERM.exitCode()));
    }
}
