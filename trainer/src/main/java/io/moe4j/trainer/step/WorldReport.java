package io.moe4j.trainer.step;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The reports of all ranks, by rank. Sums are computed in rank order, so that they are the same on every rank and in every run.
 *
 * @param ranks one report for each rank
 */
record WorldReport(List<RankReport> ranks) {

    /** The number of labels that count, of all ranks and microbatches of the step. */
    long labels() {
        return ranks.stream().mapToLong(RankReport::labels).sum();
    }

    /** The sum of all losses, divided by the number of all tokens. */
    double loss() {
        return ranks.stream().map(RankReport::loss).reduce(0.0, Double::sum);
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
        return Math.sqrt(ranks.stream().map(RankReport::sumOfSquares).reduce(0.0, Double::sum));
    }

    /** The rank that was to receive the most rows; the first one if several are equal. */
    int fullestRank() {
        return IntStream.range(0, ranks.size()).boxed()
                .max((a, b) -> Long.compare(ranks.get(a).requiredRows(), ranks.get(b).requiredRows()) != 0
                        ? Long.compare(ranks.get(a).requiredRows(), ranks.get(b).requiredRows())
                        : Integer.compare(b, a))
                .orElse(0);
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
        return IntStream.range(0, ranks.size()).filter(rank -> ranks.get(rank).droppedRows() != 0)
                .<StepOutcome>mapToObj(rank -> new StepOutcome.Dropped(rank, ranks.get(rank).droppedRows(),
                        requiredRows(), capacityRows))
                .findFirst();
    }

    long droppedRows() {
        return ranks.stream().mapToLong(RankReport::droppedRows).sum();
    }

    /** The counts of each expert-parallel group; empty if the step does not read them. */
    List<List<Integer>> expertTokens() {
        return ranks.stream().map(RankReport::expertTokens).filter(tokens -> !tokens.isEmpty()).toList();
    }

    RoundCounts rounds() {
        return ranks.stream().map(RankReport::rounds).reduce(RoundCounts.NONE, RoundCounts::max);
    }

    long hostSyncs() {
        return ranks.stream().mapToLong(RankReport::hostSyncs).max().orElse(0);
    }

    boolean withoutData() {
        return ranks.stream().anyMatch(RankReport::withoutData);
    }

    /** The ranks that want the run to end. */
    List<Integer> stopping() {
        return IntStream.range(0, ranks.size()).filter(rank -> ranks.get(rank).stop()).boxed().toList();
    }
}
