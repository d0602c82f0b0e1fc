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
 * The matrices of a unit, in the order of their places. They are those of the published names: gate and up are two matrices, and each expert has its own.
 */
final class UnitMatrices {
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

    /** The rank with the least work; the first one if several are equal. */
    private static int least(double... load) {
        int least = 0;
        for (int i = 1; i < load.length; i++) {
            least = load[i] < load[least] ? i : least;
        }
        return least;
    }
}
