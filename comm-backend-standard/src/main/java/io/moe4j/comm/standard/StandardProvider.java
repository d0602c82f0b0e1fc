package io.moe4j.comm.standard;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.tensor.DType;

/** Offers {@code standard}. */
public final class StandardProvider implements CommBackendProvider {

    /** For {@link java.util.ServiceLoader}. */
    public StandardProvider() {}

    @Override
    public String id() {
        return Standard.ID;
    }

    @Override
    public String spiVersion() {
        return CommBackendProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "all-to-all over any collectives; the host waits for the counts of each plan";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.PLANNING) || StandardKernels.source().supports(kind);
    }

    @Override
    public boolean supports(DeviceKind kind, DType rowType) {
        // The CUDA kernels move bytes, so they would support scales, but they have not been tested with them.
        return supports(kind) && (rowType.isPlainFloating() || (rowType.isScaled() && !kind.equals(DeviceKind.CUDA)));
    }

    @Override
    public boolean supportsRounds(DeviceKind kind) {
        return supports(kind);
    }

    @Override
    public CommRequirements requirements() {
        return CommRequirements.none().withHostSynchronisation().withCollectives();
    }

    @Override
    public CommBackend open(CommConfig config, CommContext context) {
        DeviceKind kind = context.rank().device().targetKind();
        return Standard.open(config, context, supports(kind, config.rowType()));
    }
}
