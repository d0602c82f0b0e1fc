package io.moe4j.app.bench;

import io.moe4j.api.comm.Dedup;
import io.moe4j.api.comm.support.DedupRule;
import io.moe4j.trainer.session.RankLaunch;
import java.util.List;
import java.util.Optional;

/**
 * Counts the rows of a dispatch that sends each row once to each rank, from the expert ids that the benchmark uses.
 *
 * @param crossing number of rows that go to another device
 * @param chained number of copies that are made of rows after they have arrived
 */
record RowsSentOnce(long crossing, long chained) {

    /** The counts of one rank; absent if it sends each copy by itself. */
    static Optional<RowsSentOnce> of(BenchSetup setup, int rank) {
        Dedup dedup = setup.comm().dedup();
        List<Integer> devices = RankLaunch.threads(setup.config()).deviceOrdinals();
        boolean isOnce = setup.providers().comm().orElseThrow().sendsRowsOnce()
                && (dedup == Dedup.ON || (dedup == Dedup.AUTO && DedupRule.pays(setup.comm(), devices.size())
                        && devices.stream().distinct().count() > 1));
        return isOnce
                ? Optional.of(count(setup.ids(rank), setup.moe().topK(), setup.moe().experts() / devices.size(), rank,
                        devices, dedup == Dedup.ON))
                : Optional.empty();
    }

    /** The counts of all ranks together. */
    static Optional<RowsSentOnce> ofAll(BenchSetup setup) {
        RowsSentOnce all = new RowsSentOnce(0, 0);
        for (int rank = 0; rank < setup.config().ranks(); rank++) {
            Optional<RowsSentOnce> one = of(setup, rank);
            if (one.isEmpty()) {
                return Optional.empty();
            }
            all = new RowsSentOnce(all.crossing + one.get().crossing, all.chained + one.get().chained);
        }
        return Optional.of(all);
    }

    /**
     * Counts. Example: topK 3, two experts a rank, rank 0 of two on two devices. A token with experts 0, 2 and 3 sends one row to rank 1, where it is copied
     * once: crossing 1, chained 1.
     *
     * @param everywhere whether rows go once to other ranks of the same device too
     */
    static RowsSentOnce count(int[] ids, int topK, int expertsOfRank, int rank, List<Integer> devices,
            boolean everywhere) {
        long crossing = 0;
        long chained = 0;
        for (int token = 0; token < ids.length / topK; token++) {
            int[] slots = new int[devices.size()];
            for (int k = 0; k < topK; k++) {
                slots[ids[token * topK + k] / expertsOfRank]++;
            }
            for (int peer = 0; peer < slots.length; peer++) {
                boolean crosses = !devices.get(peer).equals(devices.get(rank));
                crossing += crosses && slots[peer] > 0 ? 1 : 0;
                chained += slots[peer] > 1 && (crosses || (everywhere && peer != rank)) ? 1 : 0;
            }
        }
        return new RowsSentOnce(crossing, chained);
    }
}
