package io.moe4j.runtime.cpu.ops;

import java.util.List;

/**
 * The panels of several products as one loop: those of the first product, then those of the second, and so on. The partial sums of products whose inner
 * dimension is divided lie one after the other in the same memory.
 *
 * <p>Example: products of 8 and 4 panels make 12; panel 9 of the loop is panel 1 of the second product.
 *
 * @param panels the panels of each product
 */
record PanelLoop(List<Panels> panels) {

    /** Number of panels of all products. */
    long count() {
        return panels.stream().mapToLong(Panels::count).sum();
    }

    /** Elements of the partial sums of all products. */
    long sums() {
        return panels.stream().mapToLong(PartialSums::elements).sum();
    }

    /** Number of the product to which a panel of the loop belongs. */
    int product(long index) {
        int product = 0;
        for (long end = panels.getFirst().count(); end <= index; end += panels.get(product).count()) {
            product++;
        }
        return product;
    }

    /** Panel {@code index} of the loop, which must belong to product {@code product}. */
    Panels.Panel panel(int product, long index) {
        return panels.get(product).get(index - panels.stream().limit(product).mapToLong(Panels::count).sum());
    }

    /**
     * The partial sums of a product.
     *
     * @param address the address of the partial sums of all products
     * @param c the product's result
     */
    PartialSums sums(int product, long address, Rows c) {
        long before = panels.stream().limit(product).mapToLong(PartialSums::elements).sum();
        return new PartialSums(address + Float.BYTES * before, panels.get(product).parts(), c);
    }
}
