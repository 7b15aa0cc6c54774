import { type DescribedImage, describeImage } from '@excel2doc/oci';
import { type Description, imageDescription } from '../names/description';
import type { Outputs } from './outputs';

/** A stage's image as it leaves: with what is said about it. Its output stays as it is. */
export async function describedStage(
  outputs: Outputs,
  stage: string,
  said: Description,
): Promise<DescribedImage> {
  const { record } = await outputs.read(stage);
  const source = await outputs.source(stage);
  return describeImage({ record, source }, imageDescription(said, outputs.platform));
}
