//! Deleting, until it is gone.

use super::{Cluster, Deleted, Error};
use crate::model::{Action, Step};
use std::time::Duration;

/// Between the first two looks; each next one takes twice as long, up to the longest, for each is a request for every object.
const LOOK: Duration = Duration::from_millis(200);
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// Deletes what these steps delete and waits, so long at most, until it is gone. Answers with what is gone and what waits for
/// finalizers or grace. What turned out to be another object than the one that was meant counts as gone.
pub async fn delete<'a>(
    cluster: &dyn Cluster,
    steps: &'a [Step],
    patience: Duration,
) -> Result<(Vec<&'a Step>, Vec<&'a Step>), Error> {
    let mut waiting: Vec<&Step> = steps.iter().collect();
    let (mut gone, mut waited, mut look) = (Vec::new(), Duration::ZERO, LOOK);
    loop {
        let mut still = Vec::new();
        for step in waiting {
            let Action::Delete { uid } = &step.action else { continue };
            match cluster.delete(&step.gvk, &step.key, uid).await? {
                Deleted::Gone | Deleted::Another => gone.push(step),
                Deleted::Terminating => still.push(step),
            }
        }
        if still.is_empty() || waited >= patience {
            return Ok((gone, still));
        }
        tokio::time::sleep(look).await;
        waited += look;
        look = (look * 2).min(LONGEST_LOOK);
        waiting = still;
    }
}
