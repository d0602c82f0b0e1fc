package io.moe4j.trainer.session;

import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.RowQuantization;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.runtime.planning.WorkMeter;
import io.moe4j.trainer.plugins.Opening;

/**
 * Wraps expert kernels so that the planning device can count their work: under even routing, each rank receives as many rows as it sends.
 *
 * @param provider the provider of the kernels
 * @param rows the rows of the current round
 */
record CountedKernels(ExpertKernelsProvider provider, EvenRows rows) implements ExpertKernelsProvider {

    @Override
    public String id() {
        return provider.id();
    }

    @Override
    public String spiVersion() {
        return provider.spiVersion();
    }

    @Override
    public String description() {
        return provider.description();
    }

    @Override
    public Availability probe() {
        return provider.probe();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return provider.supports(kind);
    }

    @Override
    public ExpertKernels open(RankContext context) {
        ExpertKernels opened = Opening.of(provider, () -> provider.open(context));
        return context.device() instanceof PlanningDevice device ? new Counted(opened, device.work(), rows) : opened;
    }

    private record Counted(ExpertKernels kernels, WorkMeter work, EvenRows rows) implements ExpertKernels {

        @Override
        public void forward(Stream stream, GroupedProduct.Forward product) {
            product(product.x_RI(), product.w_eOI(), product.y_RO());
            kernels.forward(stream, product);
        }

        @Override
        public void inputGradient(Stream stream, GroupedProduct.InputGradient product) {
            product(product.dy_RO(), product.w_eOI(), product.dx_RI());
            kernels.inputGradient(stream, product);
        }

        @Override
        public void weightGradient(Stream stream, GroupedProduct.WeightGradient product) {
            product(product.dy_RO(), product.dw_eOI(), product.x_RI());
            kernels.weightGradient(stream, product);
        }

        @Override
        public void swiglu(Stream stream, SwiGlu.Forward arguments) {
            work.add(DType.F32, 0, bytes(arguments.gate_RF()) + bytes(arguments.up_RF()) + bytes(arguments.h_RF()));
            kernels.swiglu(stream, arguments);
        }

        @Override
        public void swigluBackward(Stream stream, SwiGlu.Backward arguments) {
            work.add(DType.F32, 0, 5 * bytes(arguments.gate_RF()));
            kernels.swigluBackward(stream, arguments);
        }

        @Override
        public void quantize(Stream stream, RowQuantization arguments) {
            arguments.results().forEach(
                    result -> work.add(DType.F32, 0, bytes(arguments.x_RI()) + bytes(result)));
            kernels.quantize(stream, arguments);
        }

        @Override
        public boolean supports(DType operands) {
            return kernels.supports(operands);
        }

        @Override
        public void close() {
            kernels.close();
        }

        private void product(Tensor first, Tensor weights_eOI, Tensor second) {
            double elements = (double) weights_eOI.dim(1) * weights_eOI.dim(2);
            // A round without rows reads no weights.
            double weights = count(first) == 0 ? 0 : weights_eOI.bytes();
            work.add(first.dtype(), 2 * count(first) * elements, bytes(first) + weights + bytes(second));
        }

        /** The rows of a receive buffer that are used. */
        private double count(Tensor buffer) {
            return rows.in(buffer.dim(0));
        }

        private double bytes(Tensor buffer) {
            return (double) buffer.bytes() / Math.max(1, buffer.dim(0)) * count(buffer);
        }
    }
}
