package io.moe4j.trainer.step;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The reports of all ranks, by rank. Sums are computed in rank order, so that they are the same on every rank and in every run. The devices are idle until
 * the update has been launched, so the code here must be fast. It runs too rarely for the JVM to compile it, and interpreted loops are faster than
 * interpreted streams.
 *
 * @param ranks one report for each rank
 */
record WorldReport(List<RankReport> ranks) {

    /** The number of labels that count, of all ranks and microbatches of the step. */
    long labels() {
        long labels = 0;
        for (RankReport rank : ranks) {
            labels += rank.labels();
        }
        return labels;
    }

    /** The sum of all losses, divided by the number of all tokens. */
    double loss() {
        double loss = 0;
        for (RankReport rank : ranks) {
            loss += rank.loss();
        }
        return loss;
    }

    RouterLosses routerLosses() {
        return ranks.stream().map(RankReport::routerLosses).reduce(RouterLosses.ZERO, RouterLosses::plus);
    }

    /** The losses of each module for multi-token prediction. */
    List<PredictionLoss> predictionLosses() {
        return IntStream.range(0, ranks.getFirst().predictionLosses().size()).mapToObj(module -> ranks.stream()
                .map(rank -> rank.predictionLosses().get(module))
                .reduce(new PredictionLoss(0, 0), PredictionLoss::plus))
                .toList();
    }

    double gradientNorm() {
        double sum = 0;
        for (RankReport rank : ranks) {
            sum += rank.sumOfSquares();
        }
        return Math.sqrt(sum);
    }

    /** The rank that was to receive the most rows; the first one if several are equal. */
    int fullestRank() {
        int fullest = 0;
        for (int rank = 1; rank < ranks.size(); rank++) {
            if (ranks.get(rank).requiredRows() > ranks.get(fullest).requiredRows()) {
                fullest = rank;
            }
        }
        return fullest;
    }

    long requiredRows() {
        return ranks.get(fullestRank()).requiredRows();
    }

    /**
     * Why the step must not be applied if no row may be lost; absent if all rows have arrived.
     *
     * @param capacityRows rows that a rank has room for in one exchange
     */
    Optional<StepOutcome> lostRows(long capacityRows) {
        if (requiredRows() > capacityRows) {
            return Optional.of(new StepOutcome.Overflowed(fullestRank(), requiredRows(), capacityRows));
        }
        for (int rank = 0; rank < ranks.size(); rank++) {
            long dropped = ranks.get(rank).droppedRows();
            if (dropped != 0) {
                return Optional.of(new StepOutcome.Dropped(rank, dropped, requiredRows(), capacityRows));
            }
        }
        return Optional.empty();
    }

    long droppedRows() {
        return ranks.stream().mapToLong(RankReport::droppedRows).sum();
    }

    RoundCounts rounds() {
        return ranks.stream().map(RankReport::rounds).reduce(RoundCounts.NONE, RoundCounts::max);
    }

    long hostSyncs() {
        return ranks.stream().mapToLong(RankReport::hostSyncs).max().orElse(0);
    }

    boolean withoutData() {
        for (RankReport rank : ranks) {
            if (rank.withoutData()) {
                return true;
            }
        }
        return false;
    }

    /** The ranks that want the run to end. */
    List<Integer> stopping() {
        return IntStream.range(0, ranks.size()).filter(rank -> ranks.get(rank).stop()).boxed().toList();
    }
}
