package io.moe4j.trainer.step;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/**
 * Computes the load of each layer from the counts of all expert-parallel groups.
 *
 * @param layers indices of the layers
 * @param groups counts of each group: one list for each layer, one number for each expert
 * @param groupSize ranks of a group; each holds equally many experts, in order
 * @param microbatches number of microbatches of the step
 * @param capacityRows rows that a rank has room for in one exchange
 * @param droppedRows rows that all ranks together have dropped, as the backend reports
 */
record RoutingSums(List<Integer> layers, List<List<List<Integer>>> groups, int groupSize, int microbatches,
        long capacityRows, long droppedRows) {

    List<LayerLoad> loads() {
        if (groups.isEmpty()) {
            return List.of();
        }
        List<LayerLoad> loads = new ArrayList<>();
        long lostTogether = 0;
        for (int i = 0; i < layers.size(); i++) {
            long[] received = received(i);
            long lost = LongStream.of(received).map(rows -> Math.max(0, rows - capacityRows)).sum();
            lostTogether += lost;
            loads.add(new LayerLoad(layers.get(i), tokens(i),
                    Math.ceilDiv(LongStream.of(received).max().orElse(0), microbatches), OptionalLong.of(lost)));
        }
        // Dropped rows are computed from the counts of one exchange. If their sum differs from the reported number, the layers are not known.
        boolean known = microbatches == 1 && lostTogether == droppedRows;
        return loads.stream().map(load -> new LayerLoad(load.layer(), load.tokensPerExpert(), load.receivedRowsMax(),
                droppedRows == 0 ? OptionalLong.of(0) : known ? load.droppedRows() : OptionalLong.empty())).toList();
    }

    private List<Long> tokens(int layer) {
        int experts = groups.getFirst().get(layer).size();
        List<Long> sums = new ArrayList<>();
        for (int expert = 0; expert < experts; expert++) {
            int e = expert;
            sums.add(groups.stream().mapToLong(group -> group.get(layer).get(e)).sum());
        }
        return sums;
    }

    /** The rows of each rank of each group. */
    private long[] received(int layer) {
        return groups.stream().flatMapToLong(group -> {
            List<Integer> counts = group.get(layer);
            int local = counts.size() / groupSize;
            return LongStream.range(0, groupSize).map(rank -> counts
                    .subList((int) rank * local, ((int) rank + 1) * local).stream().mapToLong(Integer::longValue)
                    .sum());
        }).toArray();
    }
}
