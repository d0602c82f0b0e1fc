package io.moe4j.trainer.update;

import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The matrices of a unit, in the order of their positions. They are those of the published names: gate and up are two matrices, and each expert has its own.
 */
final class UnitMatrices {
    /** The most elements of several matrices that are orthogonalised together; their temporaries have about three times as many. */
    private static final long MOST_ELEMENTS = 1 << 24;

    private final List<Matrix> all = new ArrayList<>();

    /**
     * A matrix.
     *
     * @param parameter the parameter that holds the matrix
     * @param from index of its first element, counted from the start of the first shard
     * @param owner index in the shard group of the rank that orthogonalises it
     */
    record Matrix(Parameter parameter, long from, long rows, long columns, int owner) {
        long elements() {
            return rows * columns;
        }

        /** The approximate number of multiplications of one iteration, to share out the work. */
        private double cost() {
            return (double) Math.min(rows, columns) * rows * columns;
        }
    }

    /** @param included which parameters' matrices to take */
    UnitMatrices(ParameterUnit unit, Model model, Predicate<Parameter> included) {
        List<ParameterSlice> slices = Stream
                .concat(model.checkpointNames().values().stream(), model.adapterNames().values().stream())
                .filter(slice -> slice.shape().size() == 2 && unit.parameters().contains(slice.parameter())
                        && included.test(slice.parameter()))
                .sorted(Comparator.comparingLong(slice -> unit.start(slice.parameter()) + slice.from())).toList();
        double[] load = new double[unit.group().size()];
        for (ParameterSlice slice : slices) {
            int owner = least(load);
            Matrix matrix = new Matrix(slice.parameter(), unit.start(slice.parameter()) + slice.from(),
                    slice.shape().get(0), slice.shape().get(1), owner);
            load[owner] += matrix.cost();
            all.add(matrix);
        }
    }

    /** All matrices. */
    List<Matrix> all() {
        return all;
    }

    /**
     * The matrices of an owner. Those of one shape that are adjacent in memory are in one run: the gate and up projections of a layer's experts, for example.
     *
     * @param owner index of the rank
     */
    List<Run> runs(int owner) {
        List<Run> runs = new ArrayList<>();
        for (Matrix each : all) {
            if (each.owner() != owner) {
                continue;
            }
            if (!runs.isEmpty() && runs.getLast().takes(each)) {
                runs.set(runs.size() - 1, runs.getLast().withOneMore());
            } else {
                runs.add(new Run(each.from(), 1, each.rows(), each.columns()));
            }
        }
        return runs;
    }

    /**
     * Matrices of one shape that are adjacent in memory.
     *
     * @param from the first element of the first, counted from the start of the first shard
     * @param count how many
     */
    record Run(long from, long count, long rows, long columns) {

        /** Whether a matrix can be added to the end. */
        private boolean takes(Matrix next) {
            return next.rows() == rows && next.columns() == columns && next.from() == from + count * rows * columns
                    && (count + 1) * rows * columns <= MOST_ELEMENTS;
        }

        private Run withOneMore() {
            return new Run(from, count + 1, rows, columns);
        }
    }

    /** The rank with the least work; the first one if several are equal. */
    private static int least(double... load) {
        int least = 0;
        for (int i = 1; i < load.length; i++) {
            least = load[i] < load[least] ? i : least;
        }
        return least;
    }
}
