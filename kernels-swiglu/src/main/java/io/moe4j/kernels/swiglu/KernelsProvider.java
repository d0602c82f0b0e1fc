package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Availability;
import java.util.List;

/** The common part of this module's providers. They differ in which kernels they launch. */
abstract sealed class KernelsProvider implements ExpertKernelsProvider
        permits SwiGluKernelsProvider, PortableKernelsProvider {
    private static final List<DeviceKind> KINDS = List.of(DeviceKind.CPU, DeviceKind.PLANNING, DeviceKind.CUDA);

    private final SwiGluKernels.Products products;

    KernelsProvider(SwiGluKernels.Products products) {
        this.products = products;
    }

    @Override
    public String spiVersion() {
        return ExpertKernelsProvider.SPI_VERSION;
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.CUDA) ? CudaKernels.exist() : KINDS.contains(kind);
    }

    @Override
    public ExpertKernels open(RankContext context) {
        DeviceKind kind = context.device().kind();
        if (!supports(kind)) {
            throw new IllegalArgumentException("expert kernels " + id() + " do not run on a device of kind " + kind
                    + ", only on " + KINDS.stream().filter(this::supports).toList()
                    + "; choose other expert kernels or another device"
                    + (kind.equals(DeviceKind.CUDA) ? ", or build them with nvcc on the PATH" : ""));
        }
        return SwiGluKernels.open(context.device(), products);
    }
}
