package io.moe4j.layers.attention;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.layers.rotary.Rotary;
import java.util.Optional;

/**
 * The keys of latent attention, (T, H·Q): each head has its own part, which lies beside its values in {@code keysValues} (T, H·(N + V)), and the
 * rotated key that all heads share, which follows the latent in {@code latent_TC}.
 */
final class LatentKeys implements Operation {
    private final LatentAttention spec;
    private final Rotary rotary;
    private final Variable keysValues;
    private final Variable latent_TC;

    /** @param rotary with the positions of this pass */
    LatentKeys(LatentAttention spec, Rotary rotary, Variable keysValues, Variable latent_TC) {
        this.spec = spec;
        this.rotary = rotary;
        this.keysValues = keysValues;
        this.latent_TC = latent_TC;
    }

    @Override
    public String name() {
        return "keys of latent attention";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("attention.keys");
    }

    @Override
    public String span() {
        return "attention";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", keysValues.tensor().dtype(), keysValues.tensor().dim(0),
                spec.heads() * spec.queryKey());
    }

    @Override
    public boolean readsInput(int index) {
        return false;
    }

    @Override
    public void forward(Tape tape, Tensor output) {
        Tensor k_THQ = heads(output, spec.queryKey());
        tape.ops().elementwise().copy(tape.stream(), keyPart(keysValues.tensor()), k_THQ.slice(2, 0, spec.nope()));
        rotary.turn(tape, repeated(sharedKey(latent_TC.tensor())), turned(k_THQ));
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor dk_THQ = heads(gradients.ofOutput(), spec.queryKey());
        // Attention's backward has written the columns of values in the gradient with respect to keysValues. Write the columns of keys here.
        gradients.accumulate(0, (dkv, begun) -> {
            if (!begun) {
                tape.stream().fill(dkv, 0);
            }
            tape.ops().elementwise().copy(tape.stream(), dk_THQ.slice(2, 0, spec.nope()), keyPart(dkv));
        });
        gradients.write(1, dlatent_TC -> {
            tape.stream().fill(dlatent_TC, 0);
            Tensor dkey_T1R = sharedKey(dlatent_TC);
            tape.ops().elementwise().sumMiddle(tape.stream(), turned(dk_THQ), dlatent_TC.slice(1, spec.latent(),
                    dlatent_TC.dim(1)), false);
            rotary.turnBack(tape, dkey_T1R, dkey_T1R);
        });
    }

    /** (T, H·n) as (T, H, n). */
    private Tensor heads(Tensor tensor, long dim) {
        return tensor.view(tensor.dim(0), spec.heads(), dim);
    }

    private Tensor turned(Tensor tensor_THQ) {
        return tensor_THQ.slice(2, spec.nope(), spec.queryKey());
    }

    private Tensor keyPart(Tensor tensor) {
        return heads(tensor, spec.nope() + spec.value()).slice(2, 0, spec.nope());
    }

    /** (T, 1, R): the columns after the latent, which are the R rotated elements of the shared key. */
    private Tensor sharedKey(Tensor tensor_TC) {
        return tensor_TC.view(tensor_TC.dim(0), 1, tensor_TC.dim(1)).slice(2, spec.latent(), tensor_TC.dim(1));
    }

    /** (T, 1, R) as (T, H, R), the same for all heads. */
    private Tensor repeated(Tensor key_T1R) {
        return key_T1R.strided(new long[] {key_T1R.dim(0), spec.heads(), key_T1R.dim(2)},
                new long[] {key_T1R.stride(0), 0, key_T1R.stride(2)});
    }
}
