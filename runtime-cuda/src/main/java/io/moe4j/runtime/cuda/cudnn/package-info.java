/** cuDNN's graph API: tensors and operations become a graph, the library matches it to a fused kernel. */
@NullMarked
package io.moe4j.runtime.cuda.cudnn;

import org.jspecify.annotations.NullMarked;
