package io.moe4j.tests.contract;

import io.moe4j.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** The definition of the exchange, written with lists: which rank receives which rows in which order, and what comes back. */
final class CommReference {
    private final CommCase shape;
    private final long capacity;
    private final int[][] ids;
    private final List<List<Row>> arrivals = new ArrayList<>();

    /**
     * A routed row.
     *
     * @param source the rank from which it comes
     * @param row its number n = t·K + k on that rank
     */
    record Row(int source, int row) {}

    CommReference(CommCase shape) {
        this.shape = shape;
        ids = shape.ids();
        capacity = shape.config(DType.F32).capacityRows(shape.ranks());
        int perRank = shape.experts() / shape.ranks();
        for (int rank = 0; rank < shape.ranks(); rank++) {
            List<Row> rows = new ArrayList<>();
            for (int expert = rank * perRank; expert < (rank + 1) * perRank; expert++) {
                for (int source = 0; source < shape.ranks(); source++) {
                    for (int row = 0; row < ids[source].length; row++) {
                        if (ids[source][row] == expert) {
                            rows.add(new Row(source, row));
                        }
                    }
                }
            }
            arrivals.add(rows);
        }
    }

    int[] ids(int rank) {
        return ids[rank];
    }

    long capacity() {
        return capacity;
    }

    /** Rows that all ranks send to {@code rank}, including dropped ones. */
    int required(int rank) {
        return arrivals.get(rank).size();
    }

    /** R: the rows that it receives. */
    int received(int rank) {
        return (int) Math.min(required(rank), capacity);
    }

    /** The largest number of rows that are sent to a rank, including dropped ones. */
    int mostRequired() {
        return arrivals.stream().mapToInt(List::size).max().orElseThrow();
    }

    double[] offsets(int rank) {
        int perRank = shape.experts() / shape.ranks();
        double[] offsets = new double[perRank];
        for (int j = 0; j < perRank; j++) {
            int last = rank * perRank + j;
            long rows = arrivals.get(rank).stream().filter(row -> ids[row.source()][row.row()] <= last).count();
            offsets[j] = Math.min(rows, capacity);
        }
        return offsets;
    }

    double[] tokensPerExpert() {
        double[] tokens = new double[shape.experts()];
        for (int[] ofRank : ids) {
            for (int expert : ofRank) {
                tokens[expert]++;
            }
        }
        return tokens;
    }

    /** The values that {@code rank} receives, given every rank's rows. {@code sharers} routed rows share one row (K for tokens, 1 for scalars). */
    double[] dispatched(int rank, double[][] sent, int columns, int sharers) {
        double[] received = new double[received(rank) * columns];
        for (int place = 0; place < received(rank); place++) {
            Row row = arrivals.get(rank).get(place);
            System.arraycopy(sent[row.source()], row.row() / sharers * columns, received, place * columns, columns);
        }
        return received;
    }

    /** The values that come back to each routed row of {@code rank}, given every rank's values of the rows that it received; 0 for dropped rows. */
    double[] returned(int rank, double[][] computed, int columns) {
        double[] back = new double[ids[rank].length * columns];
        for (int owner = 0; owner < shape.ranks(); owner++) {
            for (int place = 0; place < received(owner); place++) {
                Row row = arrivals.get(owner).get(place);
                if (row.source() == rank) {
                    System.arraycopy(computed[owner], place * columns, back, row.row() * columns, columns);
                }
            }
        }
        return back;
    }

    /** The sums for the tokens of {@code rank}: singles, in slot order, rounded once to the type. */
    double[] combined(int rank, double[][] computed, DType dtype) {
        int dim = shape.dim();
        double[] back = returned(rank, computed, dim);
        double[] sums = new double[shape.tokens() * dim];
        for (int token = 0; token < shape.tokens(); token++) {
            for (int d = 0; d < dim; d++) {
                float sum = 0;
                for (int k = 0; k < shape.topK(); k++) {
                    sum += (float) back[(token * shape.topK() + k) * dim + d];
                }
                sums[token * dim + d] = Rounding.to(dtype, sum);
            }
        }
        return sums;
    }
}
