package io.moe4j.comm.standard;

/**
 * What one rank derives from the counts of all ranks: how many rows travel between which ranks, and where they begin. Rows beyond the capacity of
 * their destination rank are not sent. A rank's capacity fills by expert and then by source, so the rows that a source may send to a rank are a
 * prefix of its rows for that rank.
 *
 * @param sent rows to each rank
 * @param received rows from each rank
 * @param starts_E where this rank's rows for each expert begin among the rows that it sends
 * @param kept_E how many rows for each expert are sent
 * @param arrivals_S where segments begin in the experts' order (expert by expert, source by source)
 * @param sources_S where the same segments begin in the order of arrival (source by source, expert by expert)
 * @param offsets_e inclusive running sums of the rows for this rank's experts
 * @param tokensPerExpert_E rows that all ranks together route to each expert
 * @param required rows for this rank, dropped ones included
 */
record Routes(long[] sent, long[] received, long[] starts_E, long[] kept_E, long[] arrivals_S, long[] sources_S,
        int[] offsets_e, int[] tokensPerExpert_E, long required) {

    /** Computes the routes of one rank from the (EP, E) counts of all ranks. */
    static Routes of(int[] counts_EPE, int ranks, int experts, int rank, long capacity) {
        long[][] kept = new long[ranks][experts];
        int[] tokens_E = new int[experts];
        int perRank = experts / ranks;
        int[] offsets_e = new int[perRank];
        long[] arrivals_S = new long[perRank * ranks];
        long required = 0;
        for (int destination = 0; destination < ranks; destination++) {
            long place = 0;
            for (int j = 0; j < perRank; j++) {
                int expert = destination * perRank + j;
                for (int source = 0; source < ranks; source++) {
                    if (destination == rank) {
                        arrivals_S[j * ranks + source] = Math.min(place, capacity);
                    }
                    int count = counts_EPE[source * experts + expert];
                    kept[source][expert] = Math.clamp(capacity - place, 0, count);
                    tokens_E[expert] += count;
                    place += count;
                }
                if (destination == rank) {
                    offsets_e[j] = (int) Math.min(place, capacity);
                }
            }
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
        return new Routes(sent, received, starts_E, kept[rank], arrivals_S, sources_S, offsets_e, tokens_E, required);
    }

    long rowsSent() {
        return java.util.Arrays.stream(sent).sum();
    }

    long rowsReceived() {
        return java.util.Arrays.stream(received).sum();
    }
}
