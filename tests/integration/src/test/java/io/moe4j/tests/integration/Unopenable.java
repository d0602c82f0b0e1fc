package io.moe4j.tests.integration;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelSpec;
import java.util.List;
import java.util.Optional;

/** A model that can be planned, but that one of the ranks cannot open. */
record Unopenable(ModelSpec spec, int rank) implements ModelSpec {

    @Override
    public Model open(ModelContext context) {
        if (context.rank().rank() == rank && context.rank().device().kind().equals(DeviceKind.CPU)) {
            throw new DeviceException("no room for the model");
        }
        return spec.open(context);
    }

    @Override
    public String name() {
        return spec.name();
    }

    @Override
    public long vocabulary() {
        return spec.vocabulary();
    }

    @Override
    public long maxSequence() {
        return spec.maxSequence();
    }

    @Override
    public Optional<MoeSpec> moe() {
        return spec.moe();
    }

    @Override
    public ModelSpec withMoeCommBackend(String id) {
        return new Unopenable(spec.withMoeCommBackend(id), rank);
    }

    @Override
    public ModelFigures figures(long sequence) {
        return spec.figures(sequence);
    }

    @Override
    public List<String> problems(int expertParallelRanks, long sequence) {
        return spec.problems(expertParallelRanks, sequence);
    }
}
