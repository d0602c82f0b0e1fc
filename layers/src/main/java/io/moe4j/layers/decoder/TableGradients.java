package io.moe4j.layers.decoder;

import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Gradients with respect to rows of the embedding that another stage looked up, kept until the embedding's own backward adds them. */
final class TableGradients {
    private final List<Rows> rows = new ArrayList<>();

    /** Rows that were looked up for these ids. Before the embedding's backward runs, they are overwritten with their gradient. */
    record Rows(Tensor ids_T, Tensor gradient_TD) {}

    boolean isEmpty() {
        return rows.isEmpty();
    }

    void add(Tensor ids_T, Tensor gradient_TD) {
        rows.add(new Rows(ids_T, gradient_TD));
    }

    /** All of them, in the order in which they were added; none are left. */
    List<Rows> take() {
        List<Rows> taken = List.copyOf(rows);
        rows.clear();
        return taken;
    }
}
