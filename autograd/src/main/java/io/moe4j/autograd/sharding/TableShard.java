package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import java.util.Optional;

/**
 * The rows of a table that a rank's shard holds, where shards end between rows. Example: a table of 102,400 rows of 2,048 elements, over two ranks: the second
 * holds 51,200 rows, from row 51,200 on.
 *
 * @param first its first row
 * @param rows number of its rows; 0 if the shard begins after the table's end
 * @param dim elements of a row
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public record TableShard(long first, long rows, long dim) {

    /** Empty if the unit has other parameters too, or a shard ends inside a row. */
    static Optional<TableShard> of(FlatLayout layout, int index) {
        long[] shape = layout.parameters().getFirst().shape();
        if (layout.parameters().size() != 1 || shape.length != 2 || layout.shardElements() % shape[1] != 0) {
            return Optional.empty();
        }
        long rows = layout.shardElements() / shape[1];
        long first = Math.min(shape[0], index * rows);
        return Optional.of(new TableShard(first, Math.min(rows, shape[0] - first), shape[1]));
    }
}
