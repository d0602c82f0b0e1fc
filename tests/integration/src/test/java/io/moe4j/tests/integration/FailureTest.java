package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.InputException;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.NonFiniteException;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RunFailedException;
import io.moe4j.trainer.step.Batch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A failure is reported, stops all ranks, and never makes one hang. */
class FailureTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"graph_capture.enable=true", "graph_capture.enable=false",
            "model.moe_comm_backend=standard graph_capture.enable=false", "runtime.strict=true"})
    void aRankThatThrowsStopsAllWithItsOwnError(String overrides) {
        try (TrainingRun run = Tiny.open(FailureTest::brokenAtRank2, overrides.split(" "))) {
            run.step();
            RunFailedException failed = assertTimeout(Duration.ofSeconds(15),
                    () -> assertThrows(RunFailedException.class, run::step));
            assertEquals("rank 2 failed during step 2, data: the disk is on fire", failed.getMessage());
            assertInstanceOf(IllegalStateException.class, failed.getCause());
            assertThrows(RunFailedException.class, run::step);
        }
    }

    /** A rank fails when its exchange is open already. Closing the exchange waits for the other ranks, which must not wait for this rank. */
    @Test
    void aRankThatCannotBeOpenedIsNamedAtOnce() {
        RunFailedException failed = assertTimeout(Duration.ofSeconds(15), () -> assertThrows(RunFailedException.class,
                () -> Tiny.openOther(spec -> new Unopenable(spec, 2), "runtime.timeout=30").close()));
        assertEquals("rank 2 failed during opening: no room for the model", failed.getMessage());
        assertInstanceOf(DeviceException.class, failed.getCause());
    }

    @Test
    void valuesThatAreNotFiniteStopBeforeTheOptimizer() {
        try (TrainingRun run = Tiny.open("optimizer.lr=1e30", "lr_scheduler.warmup_steps=0")) {
            run.step();
            NonFiniteException refused = assertThrows(NonFiniteException.class, run::step);
            assertTrue(refused.getMessage().contains("gradient norm NaN"), refused.getMessage());
            assertEquals(1, run.stepsDone());
        }
    }

    @Test
    void theFirstBlockWithAValueThatIsNotFiniteIsNamed() {
        try (TrainingRun run = Tiny.open()) {
            run.step();
            run.session().onRanks(rank -> {
                rank.model().units().stream().filter(unit -> unit.name().equals("layers.1")).forEach(unit -> unit
                        .write(unit.shard(), (parameter, from, into, count) -> Arrays.fill(into, 0, count, Float.NaN)));
                return rank;
            });
            NonFiniteException refused = assertThrows(NonFiniteException.class, run::step);
            assertTrue(refused.getMessage().startsWith("step 2: loss NaN"), refused.getMessage());
            assertTrue(refused.getMessage().contains("ranks 0 to 3: layers.1"), refused.getMessage());
        }
    }

    @Test
    void aRunIsStoppedBehindTheStepThatIsUnderWay() {
        try (TrainingRun run = Tiny.open()) {
            run.step();
            run.requestStop();
            run.step();
            assertTrue(!run.hasNext());
            run.close();
        }
    }

    @Test
    void aCheckpointThatIsNoneIsRefused() {
        InputException refused = assertThrows(InputException.class,
                () -> Tiny.open("checkpoint.resume=" + folder).close());
        assertTrue(refused.getMessage().contains("is no checkpoint"), refused.getMessage());
    }

    private static BatchSource.Factory brokenAtRank2(TrainerConfig config) {
        BatchSource.Factory good = Tiny.sequences(config);
        return (rank, read) -> {
            BatchSource source = good.open(rank, read);
            return new BatchSource() {
                private int reads;

                @Override
                public Batch next() {
                    if (rank == 2 && ++reads == 2) {
                        throw new IllegalStateException("the disk is on fire");
                    }
                    return source.next();
                }
            };
        };
    }
}
