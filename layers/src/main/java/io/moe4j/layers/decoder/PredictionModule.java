package io.moe4j.layers.decoder;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Segment;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.layers.block.Block;
import io.moe4j.layers.unit.Linear;
import io.moe4j.layers.unit.RmsNorm;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A module for multi-token prediction: y = headNorm(block(project(tokenNorm(e) beside hiddenNorm(x)))). Here x are the rows that the head projects to the
 * vocabulary to predict the next token, or those of the module before this one; e are the embeddings of the tokens ahead; and y is what the same head
 * projects to predict the tokens after those. So the modules form a chain, in which each has the shape of a block.
 */
final class PredictionModule implements Segment {
    private final Block block;
    private final RmsNorm tokenNorm;
    private final RmsNorm hiddenNorm;
    private final Linear project;
    private final RmsNorm headNorm;
    private @Nullable Tensor embedded_TD;

    PredictionModule(Block block, RmsNorm tokenNorm, RmsNorm hiddenNorm, Linear project, RmsNorm headNorm) {
        this.block = block;
        this.tokenNorm = tokenNorm;
        this.hiddenNorm = hiddenNorm;
        this.project = project;
        this.headNorm = headNorm;
    }

    @Override
    public String name() {
        return block.name();
    }

    @Override
    public List<ParameterUnit> units() {
        return block.units();
    }

    /** Sets e for the forward and backward that are enqueued next. Backward overwrites e with the gradient with respect to e. */
    void embed(Tensor rows_TD) {
        embedded_TD = rows_TD;
    }

    @Override
    public Variable forward(Tape tape, Variable x_TD) {
        Tensor rows_TD = embedded_TD;
        if (rows_TD == null) {
            throw new IllegalStateException(name() + " is run without embeddings of tokens ahead");
        }
        Variable token_TD = tokenNorm.forward(tape, tape.apply(new EmbeddedAhead(rows_TD)));
        Variable hidden_TD = hiddenNorm.forward(tape, x_TD);
        Variable both_T2D = tape.apply(new SideBySide(token_TD, hidden_TD), token_TD, hidden_TD);
        return headNorm.forward(tape, block.forward(tape, project.forward(tape, both_T2D)));
    }
}
