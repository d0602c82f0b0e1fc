package io.moe4j.kernels.swiglu;

/** The expert kernels {@code swiglu}: the fastest ones that the device has. */
public final class SwiGluKernelsProvider extends KernelsProvider {

    /** For {@link java.util.ServiceLoader}. */
    public SwiGluKernelsProvider() {
        super(SwiGluKernels.Products.FASTEST);
    }

    @Override
    public String id() {
        return "swiglu";
    }

    @Override
    public String description() {
        return "grouped products and offset-aware SwiGLU that never touch the padding of the receive buffer";
    }
}
