package io.moe4j.trainer.checkpoint;

import io.moe4j.api.group.RankContext;
import io.moe4j.autograd.model.Model;
import io.moe4j.trainer.step.Optimizer;

/**
 * The data of one rank that a checkpoint has.
 *
 * @param rank the rank
 * @param model its parameters and buffers
 * @param optimizer its moments
 * @param firstReplica whether it holds data that no rank before it holds, so that it writes
 */
public record RankState(RankContext rank, Model model, Optimizer optimizer, boolean firstReplica) {}
