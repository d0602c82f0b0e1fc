package example.gatherall;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.tensor.DType;

/** Offers {@code gather_all}. Stateless: all work begins in {@link #open}. */
public final class GatherAllProvider implements CommBackendProvider {

    @Override
    public String id() {
        return "gather_all";
    }

    @Override
    public String spiVersion() {
        // The compiler copies the constant: this jar tells the version that it was built against, for ever.
        return CommBackendProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "every rank gathers all tokens, and picks those of its experts";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.CPU);
    }

    @Override
    public CommRequirements requirements() {
        return CommRequirements.none().withCollectives();
    }

    @Override
    public CommBackend open(CommConfig config, CommContext context) {
        if (config.rowType() != DType.F32) {
            throw new DeviceException("gather_all exchanges rows of F32, not " + config.rowType()
                    + "; set training.dtype to float32");
        }
        return new GatherAll(config, context);
    }
}
