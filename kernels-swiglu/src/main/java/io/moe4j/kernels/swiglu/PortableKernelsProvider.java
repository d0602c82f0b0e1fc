package io.moe4j.kernels.swiglu;

/**
 * The expert kernels {@code swiglu_portable}: {@code swiglu} without the kernels that only some GPUs have. On Hopper it uses the grouped products of
 * other GPUs, so that these can be tested and compared there. Everywhere else the two providers are the same.
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
