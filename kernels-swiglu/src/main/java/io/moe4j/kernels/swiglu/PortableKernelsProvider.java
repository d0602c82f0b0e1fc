package io.moe4j.kernels.swiglu;

/**
 * The expert kernels {@code swiglu_portable}: {@code swiglu} without what only some chips have. On Hopper its grouped products are those of other
 * GPUs, which is how they are tested and compared there; everywhere else the two are the same.
 */
public final class PortableKernelsProvider extends KernelsProvider {

    /** For {@link java.util.ServiceLoader}. */
    public PortableKernelsProvider() {
        super(SwiGluKernels.Products.PORTABLE);
    }

    @Override
    public String id() {
        return "swiglu_portable";
    }

    @Override
    public String description() {
        return "swiglu without the kernels that only Hopper has";
    }
}
