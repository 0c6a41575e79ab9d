"""Fine-tuning of contrastive models on releases, with the objectives and recipes of the papers."""
