package io.moe4j.trainer.step;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WorldReportTest {
    private static final RoundCounts ROUNDS = new RoundCounts(4, 2, 3);

    @Test
    void reportsComeBackAsTheyWere() {
        RankReport report = new RankReport(5, 1.25, Double.NaN, new RouterLosses(1.5, 2.5),
                List.of(new PredictionLoss(0.5, 7), new PredictionLoss(Double.NaN, 0)), 1L << 40, 7, ROUNDS, 3,
                true, false);
        assertEquals(report, RankReport.decode(report.encode()));
    }

    @Test
    void sumsAndExtremes() {
        WorldReport world = new WorldReport(
                List.of(new RankReport(5, 0.5, 9, RouterLosses.ZERO, List.of(), 10, 1, ROUNDS, 0, false, false),
                        new RankReport(5, 0.25, 16, RouterLosses.ZERO, List.of(), 30, 2, ROUNDS, 4, false, false),
                        new RankReport(5, 0.25, 0, RouterLosses.ZERO, List.of(), 30, 0, ROUNDS, 2, false, false)));
        assertEquals(15, world.labels());
        assertEquals(1, world.loss());
        assertEquals(5, world.gradientNorm());
        assertEquals(1, world.fullestRank());
        assertEquals(30, world.requiredRows());
        assertEquals(3, world.droppedRows());
        assertEquals(4, world.hostSyncs());
        assertEquals(List.of(), world.stopping());
    }

    @Test
    void oneIsEnoughToStop() {
        assertEquals(List.of(1), new WorldReport(
                List.of(new RankReport(5, 0, 0, RouterLosses.ZERO, List.of(), 0, 0, ROUNDS, 0, false, false),
                        new RankReport(5, 0, 0, RouterLosses.ZERO, List.of(), 0, 0, ROUNDS, 0, true, false)))
                .stopping());
    }

    @Test
    void lostRowsAreNoticedWhicheverWayTheyAreReported() {
        RankReport whole = new RankReport(5, 0, 0, RouterLosses.ZERO, List.of(), 10, 0, ROUNDS, 0, false, false);
        assertEquals(Optional.empty(), new WorldReport(List.of(whole, whole)).lostRows(10));
        assertEquals(Optional.of(new StepOutcome.Overflowed(1, 11, 10)),
                new WorldReport(
                        List.of(whole,
                                new RankReport(5, 0, 0, RouterLosses.ZERO, List.of(), 11, 1, ROUNDS, 0, false, false)))
                        .lostRows(10));
        // The maximum says that all rows fitted, the count of dropped ones says otherwise.
        assertEquals(Optional.of(new StepOutcome.Dropped(1, 3, 10, 10)),
                new WorldReport(
                        List.of(whole,
                                new RankReport(5, 0, 0, RouterLosses.ZERO, List.of(), 9, 3, ROUNDS, 0, false, false)))
                        .lostRows(10));
    }
}
