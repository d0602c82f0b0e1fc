package io.moe4j.layers.feedforward;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;

/**
 * The end of the routed experts: out_TD → out_TD. It awaits the combine that {@link ExpertOutput} has launched. Its backward launches the dispatch of the
 * output's gradient, which that operation awaits.
 */
final class ExpertSum implements Operation {
    private final ExpertExchange exchange;
    private final Variable out_TD;

    ExpertSum(ExpertExchange exchange, Variable out_TD) {
        this.exchange = exchange;
        this.out_TD = out_TD;
    }

    @Override
    public String name() {
        return "expert sum " + exchange.down_eDF().weight_eOI().name();
    }

    @Override
    public String span() {
        return "experts";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return out_TD.tensor();
    }

    @Override
    public void forward(Tape tape, Tensor output) {
        exchange.awaitOutputs(tape);
    }

    @Override
    public boolean changesInput() {
        return true;
    }

    @Override
    public boolean readsInput(int index) {
        return false;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        exchange.launchGradients(tape, gradients.ofOutput());
        gradients.pass(0, gradients.ofOutput());
    }
}
