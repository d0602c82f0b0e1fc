package io.moe4j.comm.standard;

import java.util.Arrays;

/**
 * What one rank derives from the counts of all ranks: how many rows are sent between which ranks, and where they begin. Each rank receives a window of its
 * arrival order, from a first row on and at most its capacity; other rows are not sent. Without rounds there is one window, from row 0 on, and rows beyond
 * it are dropped. The arrival order is by expert and then by source, so the rows that a source sends to a rank follow each other in the source's own
 * order, expert by expert.
 *
 * @param sent rows to each rank
 * @param received rows from each rank
 * @param starts_E where this rank's rows for each expert begin among the rows that it sends
 * @param kept_E how many rows for each expert are sent
 * @param arrivals_S where segments begin in the experts' order (expert by expert, source by source)
 * @param sources_S where the same segments begin in the order of arrival (source by source, expert by expert)
 * @param offsets_e inclusive running sums of the rows for this rank's experts
 * @param tokensPerExpert_E rows that all ranks together route to each expert
 * @param required rows for this rank, those outside the window included
 * @param mostRequired the same, for the rank that has the most
 */
record Routes(long[] sent, long[] received, long[] starts_E, long[] kept_E, long[] arrivals_S, long[] sources_S,
        int[] offsets_e, int[] tokensPerExpert_E, long required, long mostRequired) {

    /**
     * Computes the routes of one rank from the (EP, E) counts of all ranks.
     *
     * @param first the first row of the window
     * @param capacity rows of the window
     */
    static Routes of(int[] counts_EPE, int ranks, int experts, int rank, long first, long capacity) {
        long[][] kept = new long[ranks][experts];
        int[] tokens_E = new int[experts];
        int perRank = experts / ranks;
        int[] offsets_e = new int[perRank];
        long[] arrivals_S = new long[perRank * ranks];
        long required = 0;
        long most = 0;
        for (int destination = 0; destination < ranks; destination++) {
            long place = 0;
            for (int j = 0; j < perRank; j++) {
                int expert = destination * perRank + j;
                for (int source = 0; source < ranks; source++) {
                    long begin = Math.clamp(place - first, 0, capacity);
                    if (destination == rank) {
                        arrivals_S[j * ranks + source] = begin;
                    }
                    int count = counts_EPE[source * experts + expert];
                    place += count;
                    kept[source][expert] = Math.clamp(place - first, 0, capacity) - begin;
                    tokens_E[expert] += count;
                }
                if (destination == rank) {
                    offsets_e[j] = (int) Math.clamp(place - first, 0, capacity);
                }
            }
            most = Math.max(most, place);
            if (destination == rank) {
                required = place;
            }
        }
        long[] starts_E = new long[experts];
        long[] sent = new long[ranks];
        long start = 0;
        for (int expert = 0; expert < experts; expert++) {
            starts_E[expert] = start;
            start += kept[rank][expert];
            sent[expert / perRank] += kept[rank][expert];
        }
        long[] received = new long[ranks];
        long[] sources_S = new long[perRank * ranks];
        start = 0;
        for (int source = 0; source < ranks; source++) {
            for (int j = 0; j < perRank; j++) {
                sources_S[j * ranks + source] = start;
                start += kept[source][rank * perRank + j];
                received[source] += kept[source][rank * perRank + j];
            }
        }
        return new Routes(sent, received, starts_E, kept[rank], arrivals_S, sources_S, offsets_e, tokens_E, required,
                most);
    }

    long rowsSent() {
        return Arrays.stream(sent).sum();
    }

    long rowsReceived() {
        return Arrays.stream(received).sum();
    }
}
