package io.moe4j.tests.contract;

import io.moe4j.api.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Compares grouped products with the reference, element by element. */
final class ProductChecks {
    private final OpenExpertKernels bench;

    ProductChecks(OpenExpertKernels bench) {
        this.bench = bench;
    }

    void forward(ExpertCase shape, DType dtype) {
        forward(shape, dtype, false);
    }

    void inputGradient(ExpertCase shape, DType dtype) {
        inputGradient(shape, dtype, false);
    }

    /** Checks both products with their results added to the rows' previous values. */
    void added(ExpertCase shape, DType dtype) {
        forward(shape, dtype, true);
        inputGradient(shape, dtype, true);
    }

    private void forward(ExpertCase shape, DType dtype, boolean accumulate) {
        double[][] start = shape.values(dtype, shape.rows(), shape.outputs(), 8);
        double[][] x = shape.values(dtype, shape.rows(), shape.inputs(), 1);
        double[][] w = shape.values(dtype, shape.experts() * shape.outputs(), shape.inputs(), 2);
        double[][] y = bench.forward(shape, dtype, x, w, accumulate ? Optional.of(start) : Optional.empty());
        for (int r = 0; r < shape.rows(); r++) {
            for (int o = 0; o < shape.outputs(); o++) {
                ExpertReference.checkProduct("y[" + r + ", " + o + "]", dtype, x[r],
                        w[shape.expertOf(r) * shape.outputs() + o], accumulate ? start[r][o] : 0, y[r][o]);
            }
        }
    }

    private void inputGradient(ExpertCase shape, DType dtype, boolean accumulate) {
        double[][] start = shape.values(dtype, shape.rows(), shape.inputs(), 9);
        double[][] dy = shape.values(dtype, shape.rows(), shape.outputs(), 3);
        double[][] w = shape.values(dtype, shape.experts() * shape.outputs(), shape.inputs(), 4);
        double[][] dx = bench.inputGradient(shape, dtype, dy, w, accumulate ? Optional.of(start) : Optional.empty());
        for (int r = 0; r < shape.rows(); r++) {
            int first = shape.expertOf(r) * shape.outputs();
            for (int i = 0; i < shape.inputs(); i++) {
                ExpertReference.checkProduct("dx[" + r + ", " + i + "]", dtype, dy[r],
                        column(w, first, first + shape.outputs(), i), accumulate ? start[r][i] : 0, dx[r][i]);
            }
        }
    }

    void weightGradient(ExpertCase shape, DType dtype) {
        for (DType gradient : dtype == DType.F32 ? List.of(DType.F32) : List.of(DType.F32, dtype)) {
            weightGradient(shape, dtype, gradient, false);
            weightGradient(shape, dtype, gradient, true);
        }
    }

    private void weightGradient(ExpertCase shape, DType dtype, DType gradient, boolean accumulate) {
        double[][] dy = shape.values(dtype, shape.rows(), shape.outputs(), 5);
        double[][] x = shape.values(dtype, shape.rows(), shape.inputs(), 6);
        double[][] start = shape.values(gradient, shape.experts() * shape.outputs(), shape.inputs(), 7);
        double[][] dw = bench.weightGradient(shape, dtype, gradient, dy, x,
                accumulate ? Optional.of(start) : Optional.empty());
        int end = 0;
        for (int e = 0; e < shape.experts(); e++) {
            int begin = end;
            end += shape.counts().get(e);
            for (int o = 0; o < shape.outputs(); o++) {
                double[] dyColumn = column(dy, begin, end, o);
                for (int i = 0; i < shape.inputs(); i++) {
                    int row = e * shape.outputs() + o;
                    ExpertReference.checkProduct("dw[" + e + ", " + o + ", " + i + "] in " + gradient
                            + (accumulate ? ", added" : ""), gradient, dyColumn, column(x, begin, end, i),
                            accumulate ? start[row][i] : 0, dw[row][i]);
                }
            }
        }
    }

    private static double[] column(double[][] matrix, int from, int to, int column) {
        double[] values = new double[to - from];
        Arrays.setAll(values, r -> matrix[from + r][column]);
        return values;
    }
}
